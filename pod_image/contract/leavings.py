"""Files that systems and programs leave in a folder, an archive or a repo, and that nobody means to hand over."""

from __future__ import annotations

_NAMES = frozenset(
    (
        # macOS, beside what begins with a dot; Finder's icon has a carriage return at its end
        "__macosx", "icon\r", "network trash folder", "temporary items",
        # Windows
        "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "folder.htt", "$recycle.bin", "recycler",
        "system volume information",
        # network disks
        "@eadir", "@tmp", "@recycle", "@recently-snapshot", "@synoresource", "#recycle", "#snapshot",
        # Linux and Python
        "lost+found", "__pycache__",
    )
)  # fmt: skip
_BEGINNINGS = (".", "~$", "~lock.")
"""Hidden files, `._x` companions among them; what office programs lay beside an open document."""


def is_left_behind(path: str) -> bool:
    """Whether a file with this path, or a folder above it, is such: it is passed over wherever a dataset is listed."""
    parts = path.replace("\\", "/").split("/")
    return any(_is_left_behind(part) for part in parts if part not in ("", ".", ".."))


def _is_left_behind(name: str) -> bool:
    lower = name.lower()
    return lower in _NAMES or lower.startswith(_BEGINNINGS)
