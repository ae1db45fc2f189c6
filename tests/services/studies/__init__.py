"""Studies: many runs under one budget, against emulated clouds and in virtual time."""
