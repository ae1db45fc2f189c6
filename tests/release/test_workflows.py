"""The workflows read as GitHub reads them: all that they name is there, and before it is needed."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.kit.checkout import ROOT
from tests.release.workflows import ACTIONS, PLACES, WORKFLOWS, document, jobs, steps, triggers

JOBS = dict(jobs())
SCRIPTS = [(where, step) for where, step in steps() if "run" in step]
BLOCKS: dict[str, dict[str, Any]] = {
    **JOBS,
    **{path.parent.name: document(path)["runs"] | document(path) for path in ACTIONS},
}
"""What has steps of its own: jobs, and the repo's actions."""
PUBLISH = "pypa/gh-action-pypi-publish@"


def texts(item: Any) -> Iterator[str]:
    if isinstance(item, dict):
        for value in item.values():
            yield from texts(value)
    elif isinstance(item, list):
        for value in item:
            yield from texts(value)
    elif isinstance(item, str):
        yield item


def named(block: Any, pattern: str) -> list[tuple[str, ...]]:
    """What expressions of this block refer to."""
    said = [text for text in texts(block) if "${{" in text or "github." in text or "jobs." in text]
    return [tuple(match.groups()) for text in said for match in re.finditer(pattern, text)]


def called(uses: str) -> dict[str, Any]:
    """The repo's own workflow or action that is named so."""
    place = ROOT / uses
    return document(place if place.suffix == ".yml" else place / "action.yml")


def outputs_of(job: dict[str, Any]) -> set[str]:
    if str(job.get("uses", "")).startswith("./"):
        return set(triggers(called(job["uses"]))["workflow_call"]["outputs"])
    return set(job.get("outputs", ()))


def test_there_is_one_workflow_for_tests_one_for_the_image_and_one_for_the_release() -> None:
    assert [path.name for path in WORKFLOWS] == ["image.yml", "release.yml", "tests.yml"]
    release, image = (
        document(ROOT / ".github/workflows" / f"{n}.yml") for n in ("release", "image")
    )
    assert triggers(release) == {"push": {"tags": ["v*"]}}, "a tag releases, and nothing else does"
    assert "push" not in triggers(image), "a tag would push the image twice"


@pytest.mark.parametrize(
    ("where", "step"), SCRIPTS, ids=[f"{w}-{s.get('name')}" for w, s in SCRIPTS]
)
def test_every_script_is_one_that_bash_can_read(where: str, step: dict[str, Any]) -> None:
    done = subprocess.run(["bash", "-n"], input=step["run"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_failure_before_a_pipe_counts() -> None:
    """Only a shell that is named gets `pipefail` from GitHub."""
    for path in WORKFLOWS:
        assert document(path)["defaults"]["run"]["shell"] == "bash"
    of_actions = {path.parent.name for path in ACTIONS}
    assert [
        step for where, step in SCRIPTS if where in of_actions and step.get("shell") != "bash"
    ] == []


def test_every_target_and_every_file_that_a_script_names_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z][\w-]*):", makefile, re.MULTILINE))
    scripts = "\n".join(step["run"] for _, step in SCRIPTS)
    made = re.findall(r"^\s*make ([\w-]+)", scripts, re.MULTILINE)
    assert "dist" in made
    assert set(made) <= targets
    files = set(re.findall(r"(?<![\w./$])((?:\.ci|tests|launcher|pod_image)/[\w./-]*\w)", scripts))
    assert {".ci/run", "tests/release/base_walk.py", "launcher/image_digest.py"} <= files
    assert [name for name in sorted(files) if not (ROOT / name).is_file()] == []
    assert os.access(ROOT / ".ci/run", os.X_OK)


def test_what_the_repo_has_of_its_own_is_called_with_what_it_wants() -> None:
    calls = [
        (where, step) for where, step in [*steps(), *jobs()] if "./" in step.get("uses", "")[:2]
    ]
    assert len(calls) > 3
    for where, call in calls:
        target = called(call["uses"])
        wants = target if "runs" in target else triggers(target)["workflow_call"] or {}
        inputs = wants.get("inputs", {})
        required = {name for name, about in inputs.items() if about.get("required")}
        assert required <= set(call.get("with", {})) <= set(inputs), where


def test_every_job_needs_jobs_that_are_there_before_it() -> None:
    for path in WORKFLOWS:
        known: set[str] = set()
        for name, job in document(path)["jobs"].items():
            needs = job.get("needs", [])
            assert set([needs] if isinstance(needs, str) else needs) <= known, (
                f"{path.name}: {name}"
            )
            known.add(name)


def test_every_output_that_is_read_is_given_by_a_job_that_is_needed() -> None:
    read = 0
    for where, job in JOBS.items():
        file, needs = where.partition(":")[0], job.get("needs", [])
        for needed, output in named(job, r"needs\.([\w-]+)\.outputs\.([\w-]+)"):
            assert needed in ([needs] if isinstance(needs, str) else needs), where
            assert output in outputs_of(JOBS[f"{file}: {needed}"]), where
            read += 1
    for path in WORKFLOWS:
        for name, output in named(triggers(document(path)), r"jobs\.([\w-]+)\.outputs\.([\w-]+)"):
            assert output in outputs_of(document(path)["jobs"][name])
            read += 1
    assert read >= 2


@pytest.mark.parametrize("where", BLOCKS)
def test_every_step_that_is_referred_to_gives_that_output(where: str) -> None:
    block = BLOCKS[where]
    by_id = {step["id"]: step for step in block.get("steps", ()) if "id" in step}
    for name, output in named(block, r"steps\.([\w-]+)\.outputs\.([\w-]+)"):
        step = by_id[name]
        if "run" in step:
            assert re.search(rf'echo "{output}=', step["run"]), f"{name} writes no {output}"
        elif step["uses"].startswith("./"):
            assert output in called(step["uses"])["outputs"]


@pytest.mark.parametrize("where", BLOCKS)
def test_every_matrix_and_input_that_is_referred_to_is_declared(where: str) -> None:
    block = BLOCKS[where]
    matrix = block.get("strategy", {}).get("matrix", {})
    assert {name for (name,) in named(block, r"matrix\.([\w-]+)")} <= set(matrix)
    assert {name for (name,) in named(block, r"inputs\.([\w-]+)")} <= set(block.get("inputs", ()))


def test_what_is_downloaded_was_uploaded_by_a_job_that_is_needed() -> None:
    for where, job in JOBS.items():
        file, needs = where.partition(":")[0], job.get("needs", [])
        before = [
            JOBS[f"{file}: {name}"] for name in ([needs] if isinstance(needs, str) else needs)
        ]
        uploaded = {s["with"]["name"] for each in before for s in artifacts(each, "upload")}
        wanted = {s["with"]["name"] for s in artifacts(job, "download")}
        wanted |= {
            s["with"]["artifact"] for s in job.get("steps", ()) if "artifact" in s.get("with", {})
        }
        assert wanted <= uploaded, where


def artifacts(job: dict[str, Any], verb: str) -> list[dict[str, Any]]:
    uses = f"actions/{verb}-artifact@"
    return [step for step in job.get("steps", ()) if step.get("uses", "").startswith(uses)]


def test_the_pythons_and_systems_are_those_that_the_package_promises() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    prefix = "Programming Language :: Python :: "
    promised = [
        c.removeprefix(prefix) for c in project["classifiers"] if c.startswith(prefix + "3.")
    ]
    assert JOBS["tests.yml: all"]["strategy"]["matrix"]["python"] == promised[:3]
    for name in ("tests.yml: base", "release.yml: tried"):
        matrix = JOBS[name]["strategy"]["matrix"]
        assert matrix["python"] == [promised[0], promised[-1]]
        assert [system.partition("-")[0] for system in matrix["system"]] == [
            "ubuntu",
            "macos",
            "windows",
        ]


def test_the_newest_python_is_held_by_types_and_a_resolver_as_well() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    promised = [c.rpartition(" ")[2] for c in project["classifiers"] if " :: 3." in c]
    (run,) = [
        step["run"] for step in JOBS["tests.yml: newest"]["steps"] if "make newest" in str(step)
    ]
    assert run == "make newest PYTHON=python"
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert f"NEWEST ?= {promised[-1]}\n" in makefile
    recipe = makefile.partition("\nnewest:")[2].partition("\n\n")[0]
    assert "mypy --python-version $(NEWEST)" in recipe
    assert "--dry-run" in recipe
    assert "--python-version $(NEWEST) " in recipe
    assert promised[-1] in JOBS["tests.yml: newest"]["name"]


def test_what_is_published_was_built_once_tried_everywhere_and_signed() -> None:
    publishing = {
        where: step for where, step in steps() if step.get("uses", "").startswith(PUBLISH)
    }
    (where,) = publishing
    job, step = JOBS[where], publishing[where]
    assert where == "release.yml: published"
    assert set(job["needs"]) == {"packages", "tried"}
    assert job["environment"] == "release"
    assert step["with"]["attestations"] is True
    assert set(step["with"]) & {"password", "user"} == set(), (
        "who publishes is proved by the job's identity"
    )
    (download,) = artifacts(job, "download")
    assert download["with"]["path"] == step["with"]["packages-dir"]
    builds = [
        name
        for name, step in SCRIPTS
        if name.startswith("release.yml") and "make dist" in step["run"]
    ]
    assert builds == ["release.yml: packages"]


def test_every_expression_is_closed_and_of_a_known_kind() -> None:
    known = {"env", "github", "inputs", "jobs", "matrix", "needs", "secrets", "steps", "vars"}
    for path in PLACES:
        text = path.read_text("utf-8")
        inside = re.findall(r"\$\{\{ (.+?) \}\}", text)
        assert len(inside) == text.count("${{"), path
        assert {each.partition(".")[0] for each in inside} <= known, path
