"""The web form, served to this machine alone; pages call services and know no HTTP of theirs."""
