"""What is known of a machine that ssh reaches without asking. Standard library alone."""

from __future__ import annotations

from dataclasses import replace

from launcher.providers.place import Place, PlaceImages

KIND = "ssh"

SSH = Place(
    name=KIND,
    title="a machine by ssh",
    url="",
    key=None,
    console="",
    console_address="the list of that machine's processes",
    prices="nothing",
    out_of_money="",
    least_disk_gb=1,
    images=PlaceImages(
        bootstrap="",
        compressed_gb={},
        pull_mb_per_second=1.0,
        machine_minutes=10.0,
        credential="",
    ),
    keeps_secrets=False,
    is_rented=False,
)
"""Some machine; which one, `machine_of` says. It may have to install what a run needs: hence its minutes."""


def machine_of(host: str) -> Place:
    """That very machine: a place of its own, whose runs and whose trouble are no other's."""
    return replace(SSH, name=f"{KIND}:{host}", title=host)
