"""A run for an agreed maximum, without a look at its plan."""

import launcher

run = launcher.deploy(
    preset="quick-check",
    dataset_repo="me/my-clips",
    results_repo="me/my-voice",
    max_cost_usd=0.30,
    agreed_usd=0.30,
)
print(run)
