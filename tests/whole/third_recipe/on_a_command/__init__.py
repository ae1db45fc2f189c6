"""A recipe that is built on the command's: it says which words run, and takes over the rest."""
