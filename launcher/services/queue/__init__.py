"""Runs that wait for stock, a price, or their turn under one budget and one limit of pods."""
