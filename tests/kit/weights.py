"""Files of weights in the formats that trainers write, small and without torch."""

from __future__ import annotations

import io
import json
import zipfile


def safetensors(size_bytes: int, **metadata: str) -> bytes:
    """One tensor of so many bytes; `metadata` as trainers keep their step in it."""
    tensor = {"dtype": "U8", "shape": [size_bytes], "data_offsets": [0, size_bytes]}
    header = json.dumps({"__metadata__": metadata, "weight": tensor}).encode()
    return len(header).to_bytes(8, "little") + header + bytes(size_bytes)


def torch_archive(content: str = "state") -> bytes:
    """A zip archive, as torch saves."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("archive/data.pkl", content)
        archive.writestr("archive/version", "3")
    return target.getvalue()
