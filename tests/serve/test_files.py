"""Files of a run: whole, in part, and none but its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from pod_image.hub import Repo, publish
from tests.kit.clouds import RESULTS_REPO
from tests.kit.virtual_time import in_patient_time
from tests.serve.harness import SOUND, served


def test_files_are_handed_on_whole_and_in_part_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @in_patient_time
    async def story() -> None:
        async with served(tmp_path) as site:
            run = await site.deployed()
            await site.until(run, "ended")
            listed = (await site.get(f"/runs/{run}/files"))["files"]
            assert {each["path"] for each in listed} >= {
                "voice/voice.onnx",
                "events.jsonl",
                "samples/step-1.wav",
            }
            url = f"/api/v1/runs/{run}/files"
            part = await site.client.get(
                f"{url}/samples/step-1.wav", headers={"range": "bytes=4-9"}
            )
            assert (part.status_code, part.content) == (206, SOUND[4:10])
            assert part.headers["content-range"] == f"bytes 4-9/{len(SOUND)}"
            assert part.headers["content-disposition"].startswith("attachment")
            assert part.headers["content-security-policy"].startswith("sandbox")
            beyond = {"range": f"bytes={len(SOUND)}-"}
            assert (
                await site.client.get(f"{url}/samples/step-1.wav", headers=beyond)
            ).status_code == 416
            page: dict[str, Path | bytes] = {
                "run-01/page.html": b"<script>",
                "run-01/a[b].txt": b"odd",
                "run-01/ab.txt": b"other",
            }
            publish(site.harness.hub, Repo(RESULTS_REPO, "model"), page, "more")
            html = await site.client.get(f"{url}/page.html")
            assert html.headers["content-type"] == "application/octet-stream"
            assert (await site.client.get(f"{url}/a%5Bb%5D.txt")).content == b"odd"
            newer: dict[str, Path | bytes] = {"run-01/page.html": b"changed"}
            publish(site.harness.hub, Repo(RESULTS_REPO, "model"), newer, "again")
            assert (await site.client.get(f"{url}/page.html")).content == b"changed"
            secret = site.ground.config.results_folder / RESULTS_REPO / "secret.txt"
            secret.write_text("of another run")
            (secret.parent / "run-01" / "link.txt").symlink_to(secret)
            for path in (
                "absent.txt",
                "samples/*",
                "%2e%2e/secret.txt",
                "samples/..%2f..%2fsecret.txt",
                "link.txt",
                "/etc/passwd",
                "%2fetc%2fpasswd",
                "samples",
                "commands/0001.json",
                "a%00b",
            ):
                answer = await site.client.get(f"{url}/{path}")
                assert answer.status_code in (404, 422), (path, answer.status_code)
            monkeypatch.setattr("launcher.serve.routes.files.MOST_BYTES", 3)
            large = await site.client.get(f"{url}/voice/voice.onnx")
            assert large.status_code == 413
            assert RESULTS_REPO in large.json()["next_step"]

    story()
