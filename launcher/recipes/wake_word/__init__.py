"""The launcher's half of a wake word."""
