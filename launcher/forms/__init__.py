"""The settings tree as plain values: for the command line, the page, files and the docs."""
