"""Piper's published voices on the stand-in Hub, at the commit that wake words are made with."""

from __future__ import annotations

from collections.abc import Mapping

from launcher.emulator.hub import HubEmulator
from launcher.emulator.hub.wire import Body
from pod_image.contract.recipes.wake_word import VOICES_COMMIT, VOICES_REPO


def publish_voices(hub: HubEmulator, files: Mapping[str, bytes]) -> None:
    """Files by their paths in the repo. A tag stands for the commit: nobody can choose what a commit is called."""
    store = hub.core.store
    repo = store.create("model", VOICES_REPO, is_private=False, author="rhasspy", at=hub.core.now())
    tree = {
        path: store.blob(store.add_object(Body(raw)), is_lfs=path.endswith(".onnx"))
        for path, raw in files.items()
    }
    made = store.commit(repo, "main", tree, "voices", "", "rhasspy", hub.core.now())
    repo.tags[VOICES_COMMIT] = made.oid
    store.save(repo)
