"""Tests of `launcher.recipes.wake_word`."""
