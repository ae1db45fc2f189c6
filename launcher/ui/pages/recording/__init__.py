"""The page for reading sentences aloud into a dataset."""
