"""Everything that runs on the person's machine."""

__version__ = "0.1.0"
