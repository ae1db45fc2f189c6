"""Texts for clips that have none, and texts that are not what is said: a recogniser at work on a folder."""
