"""A run as something to send: one page in one file, and where it is put."""
