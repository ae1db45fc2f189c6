"""What stays on the person's machine: keys in its keyring, the history of runs. Loads nothing heavy."""
