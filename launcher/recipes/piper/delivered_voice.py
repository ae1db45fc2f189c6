"""What a delivered voice says of how it was trained: its JSON is the last word on what a checkpoint has learnt."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from launcher.recipes.base import Learnt
from pod_image.contract.older_settings import unusable
from pod_image.hub import Hub, Repo, list_files, read_bytes, resolve_commit

_DESCRIPTION = ".onnx.json"
_SPARE = "spare-"


def learnt_by_voice(hub: Hub, results_repo: str, run_id: str) -> Learnt:
    """Nothing where no voice was delivered yet. Blocks; raises HubError."""
    repo = Repo(results_repo, "model")
    commit = resolve_commit(hub, repo)
    files = list_files(hub, repo, commit, f"{run_id}/voice")
    paths = sorted(file.path for file in files if file.path.endswith(_DESCRIPTION))
    content = read_bytes(hub, repo, paths[0], commit) if len(paths) == 1 else None
    try:
        document = json.loads(content or b"")
    except ValueError:
        return Learnt()
    return _told(document) if isinstance(document, dict) else Learnt()


def _told(document: Mapping[str, Any]) -> Learnt:
    values = {
        "language": _inside(document, "language", "code"),
        "espeak_voice": _inside(document, "espeak", "voice"),
        "phoneme_type": document.get("phoneme_type"),
        "quality": str(_inside(document, "audio", "quality") or "").replace("_", "-"),
        "speakers": document.get("num_speakers"),
    }
    said = {name: value for name, value in values.items() if value}
    wrong = unusable(said)
    ids = document.get("speaker_id_map")
    by_id = {number: name for name, number in ids.items()} if isinstance(ids, dict) else {}
    return Learnt(
        {name: value for name, value in said.items() if name not in wrong},
        tuple(
            by_id[n] for n in range(len(by_id)) if n in by_id and not by_id[n].startswith(_SPARE)
        ),
    )


def _inside(document: Mapping[str, Any], group: str, key: str) -> Any:
    values = document.get(group)
    return values.get(key) if isinstance(values, dict) else None
