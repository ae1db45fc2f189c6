"""Names of files of this computer in the form: looked for as soon as they are typed, since the form runs here too."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from launcher.services.planning.brought.look import part_of
from launcher.ui.next_steps import on_page
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.knobs import Setting


async def what_is_wrong(setting: Setting, value: Any) -> str:
    """Why what is named cannot go along, for the field itself; empty where nothing is known against it."""
    if not value:
        return ""
    part = await asyncio.to_thread(part_of, setting, value)
    return at_fields(part.findings).get(setting.name, "")


def at_fields(findings: Iterable[Finding]) -> dict[str, str]:
    """Errors that are about one setting, in the words of its field."""
    said: dict[str, str] = {}
    for finding in findings:
        if finding.setting and finding.severity is Severity.ERROR:
            words = f"{on_page(finding.message)} {on_page(finding.hint)}".strip()
            said[finding.setting] = f"{said.get(finding.setting, '')} {words}".strip()
    return said
