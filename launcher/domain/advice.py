"""How much to record, and how long a training takes: the one place of these figures, for texts and checks alike.

Texts that are files (help, presets) hold the same words; a test looks for any other figure.
"""

from __future__ import annotations

LEAST_MINUTES = 10.0
"""What people report as the least that carries a fine-tuned voice."""
GOOD_MINUTES = 30.0
FROM_SCRATCH_MINUTES = 600.0
"""What published voices without a base were trained from, at the least."""

LEAST = "ten minutes"
GOOD = "half an hour"
FROM_SCRATCH = "ten hours"
"""The same in words."""

RTX_CARDS = ("RTX 3090", "RTX A5000", "RTX 4090")
"""Of 24 GB: what the times below are for, by the estimate that a plan shows."""
FINE_TUNE_HOURS = (2, 4)
"""For a preset that fine-tunes a medium voice on GOOD_MINUTES of recordings."""
FINE_TUNE_TIME = "two to four hours"
FROM_SCRATCH_DAYS = 3
"""For the preset from scratch on FROM_SCRATCH_MINUTES of recordings, at the least."""
FROM_SCRATCH_TIME = "three days or more"
