"""What others take of huggingface_hub, loaded by this package alone, which sets the library's environment first."""

from __future__ import annotations

from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import hf_raise_for_status  # type: ignore[attr-defined]

__all__ = ["HfHubHTTPError", "hf_raise_for_status"]
