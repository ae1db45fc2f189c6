"""Tests of `launcher.cli.documents`."""
