"""The JSON schema of a run file, for editors that complete and check TOML."""

from __future__ import annotations

from typing import Any

from launcher.domain.written_by import VERSION_KEY
from pod_image.contract.settings import RunSettings

SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def run_file_schema() -> dict[str, Any]:
    """Schema of what `deploy --file` takes: a preset's name, and settings with type, limits and help."""
    settings = RunSettings.model_json_schema()
    definitions = settings.pop("$defs", {})
    settings.pop("title", None)
    settings["description"] = "Settings that differ from the preset or the defaults."
    return {
        "$schema": SCHEMA_DIALECT,
        "title": "Run of launcher",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            VERSION_KEY: {
                "type": "string",
                "description": "Version of the launcher that wrote the file, if one did.",
            },
            "preset": {"type": "string", "description": "Name of the preset to start from."},
            "title": {"type": "string"},
            "description": {"type": "string"},
            "settings": settings,
        },
        "$defs": definitions,
    }
