"""What a run would do and cost, found out by reading alone."""
