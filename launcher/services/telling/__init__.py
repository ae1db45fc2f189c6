"""Telling a person what matters of a run when they do not look: on their desktop, and at any address they name."""
