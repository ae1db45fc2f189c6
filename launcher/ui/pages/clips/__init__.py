"""The page where the clips of a dataset are heard, cut, joined and retyped."""
