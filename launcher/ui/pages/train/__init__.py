"""The page that sets up a run and starts it."""
