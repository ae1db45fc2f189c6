"""A recipe that is not part of the program: its files are put where a recipe's files go, in a copy of the code."""
