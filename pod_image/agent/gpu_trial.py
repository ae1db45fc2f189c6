"""An exact matrix product on each GPU, else on the processor. Run by its path with the image's Python: standard
library alone beside torch.

A process of its own: CUDA that hangs must not hang the agent, which itself knows no torch.
"""

from __future__ import annotations

import json
import time
from typing import Any

GPU_SIZE, CPU_SIZE = 4096, 256
_CHECKED_ROWS = 16
_TRIES = 4


def examine() -> dict[str, Any]:
    """Name, speed and correctness of each device."""
    try:
        import torch
    except ImportError:
        return {"has_torch": False, "devices": []}
    if not torch.cuda.is_available():
        return {"has_torch": True, "devices": [_tried(torch, "cpu", "processor", CPU_SIZE)]}
    return {
        "has_torch": True,
        "devices": [
            _tried(torch, f"cuda:{number}", torch.cuda.get_device_name(number), GPU_SIZE)
            for number in range(torch.cuda.device_count())
        ],
    }


def _tried(torch: Any, device: str, name: str, size: int) -> dict[str, Any]:
    """Small whole numbers: their sums are exact in every float format a GPU may choose to multiply in."""
    generator = torch.Generator().manual_seed(1)
    left = torch.randint(-3, 4, (size, size), generator=generator).float()
    right = torch.randint(-3, 4, (size, size), generator=generator).float()
    a, b = left.to(device), right.to(device)
    product = a @ b
    rows = product[:_CHECKED_ROWS].cpu().double()
    is_right = bool(torch.equal(rows, left[:_CHECKED_ROWS].double() @ right.double()))
    began = time.perf_counter()
    for _ in range(_TRIES):
        product = a @ b
    product[0, 0].item()  # a GPU works on in the background until it is asked for a result
    seconds = max(1e-9, time.perf_counter() - began)
    return {
        "name": name,
        "kind": device.partition(":")[0],
        "is_right": is_right,
        "tflops": round(_TRIES * 2 * size**3 / seconds / 1e12, 3),
    }


if __name__ == "__main__":
    print(json.dumps(examine()))
