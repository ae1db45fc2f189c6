"""Studies: many runs that look for good settings under one budget, on Optuna (extra `study`)."""
