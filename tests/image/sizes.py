"""How large the image is, compressed: each pinned wheel's own size, asked of the server that has it.

`python -m tests.image.sizes` prints the table of docs/image.md; `--write` puts it there. A wheel is compressed
the same way as a layer, and what the Dockerfile cuts only makes the image smaller than this sum.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.kit.checkout import ROOT

PAGE = ROOT / "docs" / "image.md"
_TABLE = re.compile(r"(<!-- sizes -->\n).*?(<!-- end of sizes -->)", re.DOTALL)
_ROW = re.compile(
    r"^\| (?P<name>[\w.-]+) \| (?P<version>[\w.]+) \| (?P<mb>[\d.]+) \|$", re.MULTILINE
)


@dataclass(frozen=True)
class Wheel:
    name: str
    version: str
    mb: float


def pinned_wheels() -> list[Wheel]:
    """What the image installs, largest first; triton is cut by the Dockerfile."""
    with ThreadPoolExecutor(4) as pool:
        wheels = list(pool.map(_wheel, chosen()))
    kept = [wheel for wheel in wheels if wheel.name != "triton"]
    return sorted(kept, key=lambda wheel: (-wheel.mb, wheel.name))


def chosen() -> list[dict[str, Any]]:
    """pip's own report of the wheels that the pins mean, for this machine. Downloads metadata alone."""
    pod_image = ROOT / "pod_image"
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed"]
        command += ["--quiet", "--only-binary=:all:", "--report", str(report)]
        command += ["--requirement", str(pod_image / "requirements.txt")]
        command += ["--constraint", str(pod_image / "requirements-cuda.txt")]
        # Without this machine's own settings of pip, but for whom it trusts: the image is built where there are none.
        environment = {"PATH": "/usr/bin:/bin", "PIP_CONFIG_FILE": "/dev/null"}
        environment |= {k: v for k, v in os.environ.items() if k == "PIP_CERT"}
        subprocess.run(command, check=True, env=environment)
        found: list[dict[str, Any]] = json.loads(report.read_text())["install"]
        return found


def _wheel(entry: dict[str, Any]) -> Wheel:
    request = urllib.request.Request(entry["download_info"]["url"], method="HEAD")
    with urllib.request.urlopen(request, timeout=60) as answer:
        size_bytes = int(answer.headers["Content-Length"])
    return Wheel(name_of(entry), entry["metadata"]["version"], round(size_bytes / 1e6, 2))


def name_of(entry: dict[str, Any]) -> str:
    """As the pins write it."""
    return str(entry["metadata"]["name"]).lower().replace("_", "-")


def table(wheels: list[Wheel]) -> str:
    rows = [f"| {wheel.name} | {wheel.version} | {wheel.mb:.2f} |" for wheel in wheels]
    total = sum(wheel.mb for wheel in wheels) / 1000
    return "\n".join(
        ["| Package | Version | MB |", "| --- | --- | --- |", *rows, "", f"In all {total:.2f} GB."]
    )


def measured(page: Path = PAGE) -> list[Wheel]:
    """The rows of the committed table."""
    return [
        Wheel(row["name"], row["version"], float(row["mb"]))
        for row in _ROW.finditer(page.read_text("utf-8"))
    ]


def main(words: list[str]) -> None:
    text = table(pinned_wheels())
    print(text)
    if "--write" in words:
        page = PAGE.read_text("utf-8")
        PAGE.write_text(_TABLE.sub(lambda match: f"{match[1]}{text}\n{match[2]}", page), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
