"""Studies: a list, and one with its trials, money and best voices."""
