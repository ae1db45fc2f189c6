"""The hash of each wheel that the image installs, as the package index gives it: what the Dockerfile holds pip to.

`make pins` (`python -m tests.image.hashes --write`) writes pod_image/requirements-hashes.txt and
requirements-cuda-hashes.txt anew after a pin has changed; without `--write` it compares. It needs Linux on x86-64 and
Python 3.11, as the image has them: other machines have other wheels.
"""

from __future__ import annotations

import platform
import sys
from typing import Any

from tests.image.sizes import chosen, name_of
from tests.kit.checkout import ROOT

POD_IMAGE = ROOT / "pod_image"
FILES = {
    "requirements.txt": "requirements-hashes.txt",
    "requirements-cuda.txt": "requirements-cuda-hashes.txt",
}
_HEAD = """\
# {pins} with the SHA-256 of each wheel for Linux on x86-64 and Python 3.11: what the image is built from.
# Written by `make pins`; not by hand.
"""


def pins(name: str) -> dict[str, str]:
    """Names and versions, in the order of the file."""
    lines = (POD_IMAGE / name).read_text("utf-8").splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def with_hashes(name: str, wheels: list[dict[str, Any]]) -> str:
    """The text of the file of hashes beside `name`. Raises LookupError for a pin that pip did not choose."""
    by_name = {name_of(wheel): wheel for wheel in wheels}
    lines = []
    for package, version in pins(name).items():
        wheel = by_name[package]
        if wheel["metadata"]["version"] != version:
            raise LookupError(f"{package} is pinned to {version}, and pip chose another")
        digest = wheel["download_info"]["archive_info"]["hashes"]["sha256"]
        lines.append(f"{package}=={version} --hash=sha256:{digest}")
    return _HEAD.format(pins=name) + "\n".join(lines) + "\n"


def main(words: list[str]) -> int:
    if (sys.platform, platform.machine(), sys.version_info[:2]) != ("linux", "x86_64", (3, 11)):
        print("The image's wheels are those of Linux on x86-64 and Python 3.11: run it there.")
        return 2
    wheels, differ = chosen(), False
    for name, goal in FILES.items():
        text, path = with_hashes(name, wheels), POD_IMAGE / goal
        if "--write" in words:
            path.write_text(text, "utf-8")
        elif not path.is_file() or path.read_text("utf-8") != text:
            print(
                f"{goal} is not what the package index says: run `make pins`, and look at the difference."
            )
            differ = True
    return int(differ)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
