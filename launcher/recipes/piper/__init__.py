"""A Piper voice, as the launcher sees it."""
