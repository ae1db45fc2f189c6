"""Trainers of others, run for real: their packages, in environments of their own. Minutes to hours; `make trainers`."""
