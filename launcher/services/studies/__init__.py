"""Studies: many runs that search for good settings under one budget, on Optuna (extra `study`)."""
