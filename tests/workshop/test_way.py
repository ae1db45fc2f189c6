"""The way of a dataset: recordings, folder, Hub, plan, pod; what is trained on is what was recorded."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr

from launcher.cli.terminal.next_steps import in_terminal
from launcher.emulator.hub import HubEmulator
from launcher.errors import HubError, InvalidRequest, NotConfigured
from launcher.hub.access import HubAccess
from launcher.services import datasets
from launcher.services.planning.dataset_look import check_settings, look
from launcher.workshop.check import CheckSettings
from launcher.workshop.make import MakeRequest, make_dataset
from launcher.workshop.push import PushRequest, push_dataset
from pod_image.contract.findings import Severity
from pod_image.contract.paths import RunFolder
from pod_image.contract.settings import RunSettings
from pod_image.hub import Hub, Repo, fetch, publish
from pod_image.recipes.piper.prepared import PreparedSet, read_prepared, sound_path
from pod_image.recipes.piper.stages import prepare_stage
from tests.kit.dataset_files import write
from tests.kit.recordings import srt, talk, write_sound
from tests.kit.run_documents import run_document
from tests.kit.sent_events import kept_in

SETTINGS = RunSettings(
    dataset_repo="demo/talk", results_repo="demo/voices", quality="low", max_steps=2
)


def prepared_from(root: Path, settings: RunSettings) -> tuple[PreparedSet, np.ndarray]:
    """What the pod's prepare stage makes of the dataset in its folder."""
    document = run_document(settings=settings)
    folder = RunFolder(root)
    said: list[dict[str, Any]] = []
    prepare_stage(document, folder, kept_in(said))
    assert not [event for event in said if event["event"] == "warning"]
    return read_prepared(folder.prepared), np.fromfile(sound_path(folder.prepared), "<i2")


async def test_a_long_recording_is_made_pushed_planned_and_prepared_sample_for_sample(
    hub: Hub, tmp_path: Path
) -> None:
    said = talk(6)
    recording = write_sound(tmp_path / "talk.flac", said.wave)
    recording.with_suffix(".srt").write_text(srt(said.cues), "utf-8")
    made = await make_dataset(MakeRequest(tmp_path / "mine", (recording,), sample_rate_hz=16_000))
    assert (made.clips, made.untyped) == (6, 0)
    pushed = await push_dataset(hub, PushRequest(tmp_path / "mine", "demo/talk", licence="cc0-1.0"))

    summary, findings = look(hub, "demo/talk", pushed.commit, check_settings(SETTINGS))
    assert summary.clips == 6
    assert summary.minutes == pytest.approx(made.added_minutes, rel=0.01)
    assert summary.sample_rates_hz == (16_000,)
    assert not [finding for finding in findings if finding.severity is Severity.ERROR]

    fetch(hub, Repo("demo/talk", "dataset"), pushed.commit, tmp_path / "pod" / "dataset")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "dataset").symlink_to(tmp_path / "mine", target_is_directory=True)
    here, sound_here = prepared_from(tmp_path / "here", SETTINGS)
    there, sound_there = prepared_from(tmp_path / "pod", SETTINGS)
    assert [clip.text for clip in there.clips] == [text for _, _, text in said.cues]
    assert [clip.ids for clip in there.clips] == [clip.ids for clip in here.clips]
    assert len(sound_there) > 16_000 * 10
    assert (sound_there == sound_here).all()


@pytest.mark.parametrize(
    ("settings", "minutes"),
    [
        ({"base_checkpoint": "a/b/voice.ckpt"}, 10.0),
        ({}, 600.0),
        ({"max_steps": 60}, 0.0),
        ({"train_minutes": 1.5}, 0.0),
        ({"base_checkpoint": "a/b/voice.ckpt", "train_minutes": 60.0}, 10.0),
    ],
)
def test_the_minutes_wanted_depend_on_where_a_training_starts(
    settings: dict[str, Any], minutes: float
) -> None:
    wanted = check_settings(RunSettings(results_repo="me/voices", **settings))
    assert wanted.minutes_wanted == minutes


def test_a_plan_reads_fewer_headers_of_a_large_repo_and_finds_its_faults_all_the_same(
    hub: Hub, emulator: HubEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("launcher.services.planning.dataset_look.PLAN_HEADERS", 5)
    said = talk(1).wave
    files: dict[str, Path | bytes] = {
        f"wavs/{n}.flac": write_sound(tmp_path / f"{n}.flac", said[: 22_050 + 100 * n])
        for n in range(20)
    }
    files["metadata.csv"] = "".join(f"{n}|Clip of words.\n" for n in range(21)).encode()
    hub.ask("", lambda api: api.create_repo("demo/many", repo_type="dataset"))
    commit = _published(hub, files)
    before = len(emulator.core.log)
    summary, findings = look(hub, "demo/many", commit)
    assert summary.clips == 20
    assert summary.minutes == pytest.approx(20 / 60, rel=0.2)
    assert {"file-absent", "headers-sampled"} <= {finding.code for finding in findings}
    assert len(emulator.core.log) - before < 20


def _published(hub: Hub, files: dict[str, Path | bytes]) -> str:
    return publish(hub, Repo("demo/many", "dataset"), files, "clips").commit


def test_many_findings_of_a_kind_are_a_few_findings_and_a_count(hub: Hub) -> None:
    hub.ask("", lambda api: api.create_repo("demo/many", repo_type="dataset"))
    table = "".join(f"{n}|Hello.\n" for n in range(40)).encode()
    commit = _published(hub, {"metadata.csv": table})
    _, findings = look(hub, "demo/many", commit)
    absent = [finding for finding in findings if finding.code == "file-absent"]
    assert len(absent) == 5
    assert in_terminal(absent[-1].message).endswith("And 35 more like this.")
    _, forced = look(hub, "demo/many", commit, forced=("file-absent",))
    severities = {finding.code: finding.severity for finding in forced}
    assert severities["file-absent"] is Severity.WARNING
    assert severities["no-clips"] is Severity.ERROR


# What the services say when something below them fails


async def test_the_hub_s_refusals_are_errors_of_the_launcher(
    emulator: HubEmulator, tmp_path: Path
) -> None:
    folder = write(tmp_path / "mine", {"metadata.csv": "a|Hi.\n"})
    write_sound(folder / "a.flac", talk(1).wave)

    class Bench:
        hub = HubAccess.with_tokens(emulator.url, None, SecretStr("demo-unknown-token"))

    with pytest.raises(HubError) as refused:
        await datasets.check_repo(Bench(), "demo/absent", CheckSettings())  # type: ignore[arg-type]  # the Hub alone
    assert "demo/absent" in in_terminal(refused.value.message)
    with pytest.raises(NotConfigured) as unknown:
        await datasets.push(Bench(), PushRequest(folder, "demo/x"))  # type: ignore[arg-type]  # the Hub alone
    assert "demo-unknown-token" not in in_terminal(unknown.value.message)


async def test_a_folder_that_is_gone_or_may_not_be_written_is_an_error_with_its_name(
    tmp_path: Path,
) -> None:
    with pytest.raises(InvalidRequest, match="There is no folder"):
        await datasets.check_folder(tmp_path / "gone", CheckSettings())
    recording = write_sound(tmp_path / "a.wav", talk(1).wave)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InvalidRequest, match="refused to read or write"):
        await datasets.make(MakeRequest(tmp_path / "file" / "out", (recording,)))


async def test_a_check_that_nobody_waits_for_ends_early(tmp_path: Path) -> None:
    folder = write(tmp_path / "mine", {"metadata.csv": "a|Hi.\n"})
    write_sound(folder / "a.flac", talk(1).wave)
    told: list[str] = []
    loop = asyncio.get_running_loop()
    begun, is_left = asyncio.Event(), threading.Event()

    def tell(what: str, done: int, of: int) -> None:
        told.append(what)
        loop.call_soon_threadsafe(begun.set)
        assert is_left.wait(30)

    task = asyncio.create_task(datasets.check_folder(folder, CheckSettings(), progress=tell))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    is_left.set()
    await loop.shutdown_default_executor()
    assert told == ["table"]
