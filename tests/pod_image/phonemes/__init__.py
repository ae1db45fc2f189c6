"""Texts on their way to phonemes."""
