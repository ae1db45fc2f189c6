"""The command line. One file per command in `commands`; each is imported only when it runs."""
