"""Recordings and transcripts to a checked dataset: check, make, push and the library of datasets here."""
