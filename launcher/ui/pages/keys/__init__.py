"""Keys for this tab, and where its person is told of runs."""
