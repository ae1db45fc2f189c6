"""What a person may choose from instead of typing it: languages, voices, repos, runs, folders."""
