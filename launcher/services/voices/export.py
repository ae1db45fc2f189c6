"""A checkpoint file made into a voice on this machine. The work is a process of its own: nothing here loads torch."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from launcher.errors import InvalidRequest, LauncherError, NotConfigured
from pod_image.contract.environment import for_python
from pod_image.contract.interpreter import module_command
from pod_image.contract.next_steps import from_wire

NEEDED = ("torch", "onnx")
_MODULE = "pod_image.recipes.piper.export_file"
_BAD_INPUT = 2


@dataclass(frozen=True)
class ExportRequest:
    """Empty words are taken from what lies beside the checkpoint."""

    checkpoint: Path
    folder: Path
    name: str = ""
    language: str = ""
    espeak_voice: str = ""


@dataclass(frozen=True)
class Exported:
    onnx: Path
    json: Path
    tokens: Path
    size_bytes: int


async def export(request: ExportRequest) -> Exported:
    """The voice's three files, in `request.folder`.

    Raises NotConfigured (the extra is missing), InvalidRequest (no such file, not a checkpoint, no language).
    """
    absent = [name for name in NEEDED if find_spec(name) is None]
    if absent:
        raise NotConfigured(
            f"Exporting needs {' and '.join(absent)} on this computer.",
            hint='Install it: pip install "pod-launcher[pod]"',
        )
    answer = await _ask(request)
    onnx = Path(answer["path"])
    return Exported(
        onnx,
        onnx.with_name(f"{onnx.name}.json"),
        onnx.with_name("tokens.txt"),
        answer["size_bytes"],
    )


async def _ask(request: ExportRequest) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *module_command(_MODULE),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=for_python(os.environ),
    )
    asked = {
        "checkpoint": str(request.checkpoint),
        "folder": str(request.folder),
        "name": request.name,
        "language": request.language,
        "espeak_voice": request.espeak_voice,
    }
    try:
        out, trouble = await process.communicate(json.dumps(asked).encode())
    finally:
        if process.returncode is None:
            process.kill()
    return _answer(process.returncode, out, trouble)


def _answer(code: int | None, out: bytes, trouble: bytes) -> dict[str, Any]:
    if code not in (0, _BAD_INPUT):
        last = (trouble.decode("utf-8", "replace").strip().splitlines() or ["no word"])[-1]
        raise LauncherError(f"The export failed: {last}")
    answer: dict[str, Any] = json.loads(out.splitlines()[-1])
    if code == _BAD_INPUT:
        hint = from_wire(answer["hint"], answer.get("hint_steps", ()))
        raise InvalidRequest(answer["message"], hint=hint)
    return answer
