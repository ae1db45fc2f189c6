"""Clouds that rent pods: one folder each, always the same files."""
