"""The local server: where it listens, and who is let in."""
