"""Started as a program: a person's commands against stand-ins and real pods, for a trainer whose first host dies.

Reads what to do as JSON from its first argument, prints what came of it. In a process of its own: the Hub's library
reads its places when it is imported.
"""

from __future__ import annotations

import io
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

PATIENCE_SECONDS = 150.0


def main() -> None:
    from launcher.demo.cloud import DemoCloud, demo_cloud, demo_folder
    from pod_image.contract.surroundings import stay_on_loopback

    asked: dict[str, Any] = json.loads(sys.argv[1])
    stay_on_loopback()
    with demo_folder() as folder, demo_cloud(folder) as cloud:
        assert isinstance(cloud, DemoCloud)
        os.environ.update(cloud.env, LAUNCHER_HOME=str(folder / "home"), COLUMNS="200")
        _put_repos(cloud, asked["repos"])
        story: dict[str, Any] = {}
        words = [*asked["words"], "--results-repo", cloud.results_repo, "--run-id", "run-01"]
        story["plan"] = said_by("plan", *words)
        story["first"] = said_by("deploy", "--yes", "--detach", *words)
        if story["first"]["code"] == 0:
            results = Path(folder) / "hub" / "models" / cloud.results_repo
            until(
                lambda: any((results / "run-01").glob(asked["die_when"])), "nothing was delivered"
            )
            (pod,) = cloud.runpod.world.live_pods()
            cloud.runpod.world.kill_host(pod)
            story["second"] = said_by("deploy", "--yes", *words, "--resume")
            story["show"] = said_by("show", "run-01", "--json")
            story["delivered"] = {
                path.relative_to(results / "run-01").as_posix(): path.stat().st_size
                for path in sorted((results / "run-01").rglob("*"))
                if path.is_file()
            }
            story["texts"] = {
                name: (results / "run-01" / name).read_text(errors="replace")
                for name in story["delivered"]
                if name.endswith(tuple(asked.get("texts", ())))
            }
    print(json.dumps(story), file=sys.__stdout__)


def said_by(*words: str) -> dict[str, object]:
    from launcher.cli.app import run

    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(list(words))
    return {"code": code, "out": out.getvalue(), "err": err.getvalue()}


def until(holds: Callable[[], bool], what: str) -> None:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < give_up_at, what
        threading.Event().wait(0.1)


def _put_repos(cloud: Any, repos: dict[str, str]) -> None:
    """Folders of this computer as repos: `datasets/demo/cats` is a dataset, any other name a model."""
    from tests.kit.hub_access import hub_of

    api = hub_of(cloud.hub).api
    for name, folder in repos.items():
        kind = "dataset" if name.startswith("datasets/") else "model"
        repo = name.removeprefix("datasets/")
        api.create_repo(repo, repo_type=kind)
        api.upload_folder(repo_id=repo, repo_type=kind, folder_path=folder)


if __name__ == "__main__":
    main()
