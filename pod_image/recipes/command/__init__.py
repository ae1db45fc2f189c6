"""Any command as a run: its output is the log, files that match its patterns are the results."""
