"""A language model's adapter, as the launcher sees it."""
