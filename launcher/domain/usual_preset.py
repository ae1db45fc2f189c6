"""The preset that is suggested to somebody who has not chosen yet."""

USUAL_PRESET = "finetune-medium"
"""The form begins with it, and README and guides name it."""
