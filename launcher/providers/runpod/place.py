"""RunPod's own facts and words. Standard library alone."""

from __future__ import annotations

from launcher.providers.place import Place, PlaceImages, PlaceKey

API_URL = "https://api.runpod.io"
PYTORCH_IMAGE = "runpod/pytorch:1.0.3-cu1281-torch291-ubuntu2404"
_END_BY_SHELL = (
    'while [ -n "$RUNPOD_POD_ID" ]; do '
    'printf "header = \\"Authorization: Bearer %s\\"\\n" "$RUNPOD_API_KEY" | '
    f'curl -sf -K - -X DELETE "${{RUNPOD_API_BASE_URL:-{API_URL}}}/v2/pods/$RUNPOD_POD_ID"; '
    "sleep 20; done"
)
"""The key goes to curl by its standard input: words of a command are there for all to read."""

RUNPOD = Place(
    name="runpod",
    title="RunPod",
    url=API_URL,
    key=PlaceKey(
        name="runpod",
        prefixes=("rpa_", "rps_"),
        title="RunPod API key",
        why="Rents the GPU, and removes it again.",
        example="rpa_…",
        steps=(
            "Sign up at RunPod and add some credit. 10 dollars last for many hours of training.",
            "Open Settings, then API Keys, and create a key with the permission “Restricted”: pods (read and "
            "write), account secrets if offered, and read access to account and billing, so that balance and "
            "limits can be shown. “All” works too.",
            "Copy it here. RunPod shows it only once.",
        ),
        page="https://www.runpod.io/console/user/settings",
        page_title="Open RunPod's settings",
    ),
    console="https://www.runpod.io/console/pods",
    console_address="console.runpod.io/pods",
    prices="by the second while a GPU is rented, usually between $0.20 and $0.80 an hour",
    out_of_money="RunPod deletes pods with their data when the credit is used up.",
    # A smaller one is refused in the words of a GPU that is not to be had; one more gigabyte costs cents a month.
    least_disk_gb=20,
    images=PlaceImages(
        bootstrap=PYTORCH_IMAGE,
        # RunPod publishes no figure for its own; CUDA with its compiler and torch come to so much.
        compressed_gb={PYTORCH_IMAGE: 10.0},
        # Others' reports of 10 GB are 17 to 40 minutes.
        pull_mb_per_second=10.0,
        machine_minutes=4.0,
        last_resort=_END_BY_SHELL,
        credential="the ID of a RunPod registry credential",
    ),
    billing_address="https://console.runpod.io/user/billing",
    limits_address="https://www.runpod.io/contact",
    keys_address="console.runpod.io/user/settings",
    disk_usd_per_gb_month=0.10,
    most_nodes=8,
)
