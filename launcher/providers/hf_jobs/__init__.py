"""Hugging Face Jobs: a run is a job, ended by the Hub after the time that the launcher sets."""
