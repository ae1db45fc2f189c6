"""Edits of a dataset that is kept here: each can be undone, after a restart too, and no sound is lost by one."""
