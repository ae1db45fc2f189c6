"""Machines of a person's own that ssh reaches: runs are processes of theirs there."""
