"""One content under several paths: a voice is also the voice of its newest checkpoint."""

from __future__ import annotations

import random

from pod_image.hub import publish, read_bytes, verify

PATHS = [f"run-01/checkpoints/step-{number}/voice.onnx" for number in range(4)]


def test_the_same_content_under_several_paths_arrives_whole_at_each(hub, voice, tmp_path):
    content = random.Random(11).randbytes(300_000)
    path = tmp_path / "voice.onnx"
    path.write_bytes(content)
    files = {**dict.fromkeys(PATHS, path), "run-01/voice/voice.onnx": content}
    receipt = publish(hub, voice, files, "A checkpoint with its voice")
    assert verify(hub, voice, receipt.commit, receipt.files) == []
    assert all(read_bytes(hub, voice, name) == content for name in files)
