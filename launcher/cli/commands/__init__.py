"""One file per command; the table of them is in `launcher.cli.command_list`."""
