"""Where tables contradict, a person says which counts: check, plan and pod then read the same one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from launcher.cli.terminal.next_steps import in_terminal
from launcher.services.planning.dataset_look import check_settings, look
from launcher.workshop.push import PushRequest, push_dataset
from pod_image.contract.findings import Severity
from pod_image.contract.paths import RunFolder
from pod_image.contract.settings import RunSettings
from pod_image.dataset import Code
from pod_image.hub import Hub, Repo, fetch, publish
from pod_image.recipes.piper.prepared import read_prepared
from pod_image.recipes.piper.stages import prepare_stage
from tests.kit.checkout import DEMO_CLIPS
from tests.kit.dataset_files import write
from tests.kit.run_documents import run_document
from tests.kit.sent_events import kept_in
from tests.workshop.checking import check_folder

CLIPS: dict[str, bytes | str] = {
    f"wavs/{n}.flac": (DEMO_CLIPS / "wavs" / f"clip_0{n}.flac").read_bytes() for n in (1, 2, 3)
}
SPOKEN = "1|The first one of all.\n2|And here the second.\n3|Now the third one.\n"
WRITTEN = "1|The 1st of all.\n2|And here the 2nd.\n3|Now the 3rd.\n"


def settings(**chosen: Any) -> RunSettings:
    return RunSettings(
        dataset_repo="demo/two", results_repo="demo/voices", quality="low", max_steps=2, **chosen
    )


def errors(findings: Any) -> set[str]:
    return {each.code for each in findings if each.severity is Severity.ERROR}


def test_the_plan_asks_and_the_pod_reads_what_was_answered(hub: Hub, tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {**CLIPS, "written.csv": WRITTEN, "spoken.csv": SPOKEN}
    folder = write(tmp_path / "two", files)
    repo = Repo("demo/two", "dataset")
    hub.ask("", lambda api: api.create_repo(repo.id, repo_type="dataset"))
    there = {name: folder / name for name in files}
    commit = publish(hub, repo, there, "two tables").commit

    _, asked = look(hub, repo.id, commit, check_settings(settings()))
    (which,) = [each for each in asked if each.code == Code.TABLES_DIFFER]
    assert "--table spoken.csv" in in_terminal(which.hint)
    assert Code.NO_CLIPS in errors(asked)

    chosen = settings(table=("spoken.csv",))
    summary, findings = look(hub, repo.id, commit, check_settings(chosen))
    assert summary.clips == 3
    assert not errors(findings)

    run = RunFolder(tmp_path / "pod")
    fetch(hub, repo, commit, run.dataset)
    prepare_stage(run_document(settings=chosen), run, kept_in([]))
    assert [clip.text for clip in read_prepared(run.prepared).clips] == [
        "The first one of all.", "And here the second.", "Now the third one.",
    ]  # fmt: skip


async def test_a_push_sends_the_texts_of_the_table_that_was_chosen(
    hub: Hub, tmp_path: Path
) -> None:
    folder = write(tmp_path / "two", {**CLIPS, "written.csv": WRITTEN, "spoken.csv": SPOKEN})
    request = PushRequest(folder, "demo/one", licence="cc0-1.0", tables=("spoken.csv",))
    pushed = await push_dataset(hub, request)
    fetch(hub, Repo("demo/one", "dataset"), pushed.commit, tmp_path / "back")
    report = await check_folder(tmp_path / "back")
    assert report.tables == ("metadata.csv",)
    assert "The first one of all." in (tmp_path / "back/metadata.csv").read_text("utf-8")
