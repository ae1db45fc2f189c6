"""One file per command; the list of them is in `launcher.cli.command_list`."""
