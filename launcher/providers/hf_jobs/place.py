"""What is known of Hugging Face Jobs without asking. Standard library alone."""

from __future__ import annotations

from launcher.providers.place import Place, PlaceImages, PlaceKey
from pod_image.contract.variables import PUBLIC_HUB_URL

PYTORCH_IMAGE = "pytorch/pytorch:2.9.1-cuda12.8-cudnn9-runtime"

HF_JOBS = Place(
    name="hf-jobs",
    title="Hugging Face Jobs",
    url=PUBLIC_HUB_URL,
    key=PlaceKey(
        name="hf-jobs",
        prefixes=("hf_",),
        title="Hugging Face token for jobs",
        why="Starts the job, and cancels it.",
        example="hf_…",
        steps=(
            "Add credit to your Hugging Face account, or use the monthly credit of a PRO account.",
            "Open Settings, then Access Tokens, and create a fine-grained token with one right: “Start and manage "
            "Jobs on your behalf”.",
            "Copy it here. It starts and cancels jobs from this computer and never goes into a job.",
        ),
        page="https://huggingface.co/settings/tokens",
        page_title="Open Hugging Face's tokens",
    ),
    console="https://huggingface.co/settings/jobs",
    console_address="huggingface.co/settings/jobs",
    prices="by the minute while a job starts or runs, from $0.40 an hour for a T4 to $5.00 for an H200",
    out_of_money="Hugging Face starts no job without credit.",
    least_disk_gb=1,
    images=PlaceImages(
        bootstrap=PYTORCH_IMAGE,
        compressed_gb={PYTORCH_IMAGE: 3.5},
        pull_mb_per_second=30.0,
        machine_minutes=3.0,
        credential="",
    ),
    billing_address="https://huggingface.co/settings/billing",
    limits_address="https://huggingface.co/contact/support",
    keys_address="huggingface.co/settings/tokens",
    keeps_secrets=False,
    tells_stock=False,
    is_on_hub=True,
)
