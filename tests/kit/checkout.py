"""Where the checkout that is tested lies, and the clips that the demo brings."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEMO_CLIPS = ROOT / "launcher" / "demo" / "clips"
"""A table and twelve short recordings, as the package carries them."""
