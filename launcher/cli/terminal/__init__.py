"""What a person sees on a terminal: tables, live pictures, words; and that nothing raw reaches it."""
