"""Ending the money of runs and pods, and settling how a run ended."""
