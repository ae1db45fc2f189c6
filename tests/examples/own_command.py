"""A program of one's own with a secret."""

from getpass import getpass

import launcher

run = launcher.deploy(
    recipe="command",
    command=["python", "train.py", "--epochs", "3"],
    bring=["train.py"],
    secret=["WANDB_API_KEY"],
    secrets={"WANDB_API_KEY": getpass("W&B key: ")},
    results_repo="me/my-results",
    max_cost_usd=1.0,
    agreed_usd=1.0,
)
print(run.wait().end_reason)
