"""Secrets that a person names for their command: it alone has them, and nothing that goes out shows them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from pod_image.agent import hiding as hiding_module
from pod_image.agent import staging
from pod_image.agent.events import Masking
from pod_image.agent.hiding import Hiding
from pod_image.agent.staging import stage
from pod_image.contract.outcomes import EndReason
from pod_image.contract.secret_names import command_secrets, secret_values, without_secrets
from tests.kit.virtual_time import in_virtual_time
from tests.pod_image.agent.harness import AgentHarness, ScriptedStage

VALUE = 'wandb-"key"-0123456789'
IN_POD = {"LAUNCHER_SECRET_WANDB_API_KEY": VALUE}
COMMAND: dict[str, Any] = {
    "recipe": "command",
    "argv": ["train"],
    "dataset_repo": "",
    "pip": ["some-package"],
    "secret": ["WANDB_API_KEY"],
    "outputs": ["**"],
}


@pytest.mark.promise("secrets-nowhere")
@in_virtual_time
async def test_a_command_s_secret_is_in_no_line_no_event_and_no_file_of_the_results_repo(
    tmp_path: Path,
) -> None:
    seen: list[dict[str, str]] = []

    async def script(one: ScriptedStage) -> int:
        seen.append(command_secrets(one.spec.environment))
        if len(seen) == 1:
            return 0
        one.say(f"logging in with {VALUE}")
        one.emit("warning", code="x", message="y" * 1_490 + VALUE, hint=f"{VALUE} was refused")
        files = one.out / "files"
        (files / "config.yaml").write_text(f"key: {VALUE}\nrest: kept\n")
        (files / "raw.json").write_text(json.dumps({"key": VALUE}))
        (files / f"run-{VALUE}.txt").write_text("harmless")
        left = one.spec.folder / "prepared" / "late.txt"
        left.write_text(f"{VALUE} and more")
        one.emit("warning", code="command", message=f"It ended: {VALUE}")
        return 2

    harness = AgentHarness(tmp_path, script)
    harness.rent(harness.document(**COMMAND), **IN_POD)
    await harness.until_gone()
    assert seen == [{}, {"WANDB_API_KEY": VALUE}], "pip's stage has none"
    assert harness.ended["reason"] == EndReason.FAILED
    assert harness.ended["detail"] == "It ended: ***"
    said = "\n".join(harness.lines)
    assert "logging in with ***" in said
    results = {name: path.read_text(errors="replace") for name, path in harness.results().items()}
    assert results["run-01/files/config.yaml"] == f"key: {'*' * len(VALUE)}\nrest: kept\n"
    assert results["run-01/files/late.txt"] == f"{'*' * len(VALUE)} and more"
    out = "\n".join([said, *results, *results.values()])
    part = VALUE[:8]  # of a text that was cut
    forms = {VALUE, part, *(json.dumps(each)[1:-1] for each in (VALUE, part))}
    assert not [form for form in forms if form in out]
    named = next(each for each in harness.events("warning") if "whose name" in each["message"])
    assert named["code"] == "not_delivered"
    assert harness.record().detail == "It ended: ***"


@in_virtual_time
async def test_a_command_that_names_none_is_handed_none(tmp_path: Path) -> None:
    seen: list[dict[str, str]] = []

    async def script(one: ScriptedStage) -> int:
        seen.append(dict(one.spec.environment))
        return 0

    harness = AgentHarness(tmp_path, script)
    harness.rent(harness.document(**{**COMMAND, "secret": []}), **IN_POD)
    await harness.until_gone()
    assert len(seen) == 2
    assert not [value for each in seen for value in each.values() if VALUE in value]


def test_lines_of_a_secret_are_masked_and_words_of_it_in_paths_are_left_alone() -> None:
    key = "-----BEGIN KEY-----\nMIIB0123456789\n==\n-----END KEY-----"
    environment = {"LAUNCHER_SECRET_PEM": key, "LAUNCHER_SECRET_PLACE": "workspace", "A": key}
    mask = Masking(secret_values(environment))
    assert mask("reads MIIB0123456789, then ==") == "reads ***, then =="
    assert without_secrets({**environment, "PATH": "/workspace/bin"}) == {"PATH": "/workspace/bin"}


def test_what_is_hidden_keeps_its_length_wherever_it_stands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hiding_module, "_PART_BYTES", 16)
    for at in range(40):
        content = b"a" * at + VALUE.encode() + b"b" * 7
        copy = io.BytesIO()
        assert Hiding([VALUE]).holds(io.BytesIO(content))
        Hiding([VALUE]).copy(io.BytesIO(content), copy)
        assert copy.getvalue() == b"a" * at + b"*" * len(VALUE) + b"b" * 7
    assert not Hiding([VALUE]).holds(io.BytesIO(b"a" * 100))
    assert not Hiding().holds(io.BytesIO(VALUE.encode()))


def test_a_large_file_with_a_secret_is_copied_without_it_or_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "_COPIED_BYTES", 10)
    out, scratch = tmp_path / "out", tmp_path / "scratch"
    out.mkdir()
    scratch.mkdir()
    (out / "events").write_text(f"binary {VALUE} binary")
    (out / "weights").write_text("w" * 100)
    staged, left_out = stage(
        [out / "events", out / "weights"], out, scratch, hiding=Hiding([VALUE])
    )
    assert left_out == []
    assert [VALUE in one.path.read_text() for one in staged] == [False, False]
    assert staged[1].path.stat().st_nlink == 2, "nothing to hide, nothing copied"
    assert VALUE in (out / "events").read_text(), "the command's own file is as it was"
    staged, (why,) = stage([out / "events"], out, None, hiding=Hiding([VALUE]))
    assert (staged, "the disk has no room" in why) == ([], True)
