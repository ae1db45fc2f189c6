"""Started in the copy: commands as a person types them, against stand-ins and a real pod. Prints what was said."""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import redirect_stderr, redirect_stdout

import launcher
from launcher.cli.app import run
from launcher.demo.cloud import demo_cloud, demo_folder
from launcher.forms.docs import settings_tables
from pod_image.contract.surroundings import stay_on_loopback


def said_by(*words: str) -> dict[str, object]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(list(words))
    return {"code": code, "out": out.getvalue(), "err": err.getvalue()}


def main() -> None:
    stay_on_loopback()
    with demo_folder() as folder, demo_cloud(folder) as cloud:
        os.environ.update(cloud.env, LAUNCHER_HOME=str(folder / "home"), COLUMNS="200")
        order = ["--preset", "counting", "--results-repo", cloud.results_repo, "--rounds", "4"]
        order += ["--dataset-repo", cloud.dataset_repo]
        story = {
            "incomplete": said_by("plan", "--preset", "counting", "--results-repo", "demo/voice"),
            "foreign": said_by("plan", *order, "--quality", "low"),
            "plan": said_by("plan", *order),
            "deploy": said_by("deploy", "--yes", *order),
            "show": said_by("show", "--json"),
            "results": said_by("results", "--json"),
        }
        greeting = ["--preset", "quick-check", "--recipe", "greeting", "--greeted", "the moon"]
        greeting += ["--results-repo", cloud.results_repo]
        story["greeting"] = said_by("deploy", "--yes", *greeting)
        story["greeting_results"] = said_by("results", "--json")
    told = {"launcher": launcher.__file__, "settings": settings_tables(), **story}
    print(json.dumps(told), file=sys.__stdout__)


if __name__ == "__main__":
    main()
