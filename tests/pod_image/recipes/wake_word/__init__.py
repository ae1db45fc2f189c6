"""Tests of `pod_image.recipes.wake_word`."""
