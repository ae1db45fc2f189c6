"""The workflows: nothing that others can change under a name is run, and no job may do more than it is for."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.checkout import ROOT
from tests.release.workflows import PLACES, WORKFLOWS, document, jobs, script, steps

PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
OURS = re.compile(r"\./\.github/(actions/[a-z]+|workflows/[a-z]+\.yml)")
RELEASES = "github.event_name == 'push' && github.ref_type == 'tag'"
DIGEST = f"sha256:{'a1' * 32}"


def test_every_action_of_others_is_named_by_its_commit_with_the_version_beside_it() -> None:
    lines = [line for path in PLACES for line in path.read_text("utf-8").splitlines()]
    used = [line.partition("uses:")[2].strip() for line in lines if "uses:" in line]
    assert len(used) > 5
    assert [each for each in used if not PINNED.fullmatch(each) and not OURS.fullmatch(each)] == []


def test_one_commit_stands_for_one_version() -> None:
    text = "\n".join(path.read_text("utf-8") for path in PLACES)
    pairs = set(re.findall(r"uses: (\S+)@[0-9a-f]{40} # (\S+)", text))
    assert len({name for name, _ in pairs}) == len(pairs)


def test_no_expression_is_put_into_a_shell_line() -> None:
    """What stands in a tag's or a branch's name would be run; by way of the environment it stays a word."""
    assert [where for where, step in steps() if "${{" in step.get("run", "")] == []


def test_only_jobs_that_run_for_a_tag_alone_may_write_and_each_no_more_than_it_is_for() -> None:
    for path in WORKFLOWS:
        assert document(path)["permissions"] == {"contents": "read"}
    rights = {name: dict(job.get("permissions", {})) for name, job in jobs()}
    writers = {
        name: {right for right, level in given.items() if level == "write"}
        for name, given in rights.items()
        if "write" in given.values()
    }
    of_the_image = {"packages", "id-token", "attestations"}
    assert writers == {
        "image.yml: pushed": of_the_image,
        "release.yml: image": of_the_image,
        "release.yml: published": {"id-token"},
    }
    assert all(job["if"] == RELEASES for name, job in jobs() if name in writers)


def test_one_job_pushes_and_attests_the_image_and_no_other_one_can() -> None:
    found = {name: [step for where, step in steps() if where == name] for name in dict(steps())}
    pushing = [
        name
        for name, all_of in found.items()
        if any("docker://" in s.get("run", "") for s in all_of)
    ]
    assert pushing == ["image.yml: pushed"]
    assert any("attest-build-provenance" in s.get("uses", "") for s in found["image.yml: pushed"])


def test_no_checkout_leaves_its_token_behind() -> None:
    checkouts = [step for _, step in steps() if "actions/checkout@" in step.get("uses", "")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_the_image_is_built_with_its_provenance_its_contents_and_no_cache_of_others() -> None:
    (build,) = [s["with"] for _, s in steps() if "build-push-action" in s.get("uses", "")]
    assert build["provenance"] == "mode=max"
    assert re.search(r"@sha256:[0-9a-f]{64}$", build["sbom"])
    assert not [name for name in build if name.startswith("cache")]


def test_zizmor_has_nothing_to_say() -> None:
    zizmor = Path(sys.executable).with_name("zizmor")
    command = [str(zizmor), "--offline", "--no-progress", "--quiet", str(ROOT / ".github")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def written_in(folder: Path, digest: str) -> subprocess.CompletedProcess[str]:
    """The workflow's own step, run in a copy of the file that it changes."""
    (folder / "launcher").mkdir()
    shutil.copy(ROOT / "launcher/image_digest.py", folder / "launcher")
    return subprocess.run(
        [
            "bash",
            "-e",
            "-o",
            "pipefail",
            "-c",
            script("release.yml: packages", "Write the digest in"),
        ],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "DIGEST": digest},
        capture_output=True,
        text=True,
    )


def test_a_release_writes_the_digest_of_what_it_pushed_into_its_packages(tmp_path: Path) -> None:
    done = written_in(tmp_path, DIGEST)
    assert done.returncode == 0, done.stderr
    module = runpy.run_path(str(tmp_path / "launcher/image_digest.py"))
    assert module["IMAGE_DIGEST"] == DIGEST


@pytest.mark.parametrize("digest", ["", "sha256:ab", f'{DIGEST}"; import os'])
def test_a_release_without_a_digest_makes_no_packages(tmp_path: Path, digest: str) -> None:
    assert written_in(tmp_path, digest).returncode != 0
