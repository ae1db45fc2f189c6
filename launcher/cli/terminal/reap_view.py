"""What became of a pod that nobody needs: gone, or perhaps still rented and what to do then."""

from __future__ import annotations

from launcher.cli.terminal.command_line import command_line
from launcher.cli.terminal.layout import usd
from launcher.domain.pod_ids import named_pod
from launcher.services.ending.reap import Reaped


def reaped_text(gone: Reaped, *, is_dry_run: bool = False) -> str:
    pod = gone.pod
    name = named_pod(pod.id, begins=True)
    price = f"{usd(pod.price_per_hour_usd)} an hour"
    if gone.trouble:
        return (
            f"{name} may still be rented, for {price}: {gone.why}, but its release could not be confirmed. "
            f"{gone.trouble.rstrip()} {what_to_do(gone)}"
        )
    would = "would be" if is_dry_run else "is"
    return f"{name} ({price}) {would} released: {gone.why}."


def what_to_do(gone: Reaped, *others: Reaped) -> str:
    """With pods that live on."""
    consoles = dict.fromkeys(each.console_address for each in (gone, *others))
    where = " or ".join(filter(None, consoles))
    by_hand = f", or end {'them' if others else 'it'} at {where}" if where else ""
    return f"Try again with {command_line('reap')}{by_hand}."
