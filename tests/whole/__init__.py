"""Properties of the whole code base, each held by a test."""
