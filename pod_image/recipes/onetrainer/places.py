"""Where OneTrainer, its file of settings and what it writes are on the pod; below the command's folder."""

from __future__ import annotations

HOME = "OneTrainer"
"""Where it is installed when the image has none."""
CONFIGURATION = "config/train.json"
WORKSPACE = "out/ws"
BACKUPS = f"{WORKSPACE}/backup/*"
BACKUP_IS_WHOLE_WITH = "onetrainer_config/args.json"
"""Written last."""
BACKUP_NAMED = r"-backup-(?P<step>\d+)-(?P<epoch>\d+)-(?P<epoch_step>\d+)$"
SAVES = f"{WORKSPACE}/save/*"
SAMPLES = f"{WORKSPACE}/samples/**"
CURVES = f"{WORKSPACE}/tensorboard/**/*tfevents*"
MODEL = "out/model/**"
CANNOT_START = "Cannot start OneTrainer: "
"""Before what our starter says; the end of the run is explained by it."""
