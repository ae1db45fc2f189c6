"""What a person can do, one file per thing: async, printing nothing, results as values."""
