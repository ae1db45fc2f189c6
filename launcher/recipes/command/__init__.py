"""Any command, as the launcher sees it."""
