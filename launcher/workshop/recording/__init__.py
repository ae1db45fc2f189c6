"""Sentences read aloud in the browser, each to a clip of a dataset. Standard library alone: no extra is needed."""
