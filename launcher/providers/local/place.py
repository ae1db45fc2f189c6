"""What is known of this computer without asking. Standard library alone."""

from __future__ import annotations

from launcher.providers.place import Place, PlaceImages

NO_IMAGES = PlaceImages(
    bootstrap="",
    compressed_gb={},
    pull_mb_per_second=1.0,
    machine_minutes=1.0,
    credential="",
)
"""A run is a process there."""

LOCAL = Place(
    name="local",
    title="this computer",
    url="",
    key=None,
    console="",
    console_address="the list of this computer's processes",
    prices="nothing",
    out_of_money="",
    least_disk_gb=1,
    images=NO_IMAGES,
    keeps_secrets=False,
    is_rented=False,
)
