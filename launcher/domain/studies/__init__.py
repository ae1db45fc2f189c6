"""A study: many runs that search for good settings under one budget. Pure: no clock, no Hub, no sampler."""
