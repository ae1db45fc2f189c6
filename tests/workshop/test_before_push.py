"""A repo that holds other data is told of before anything is pushed over it, and nothing is ever mixed with it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.errors import InvalidRequest
from launcher.workshop.before_push import PushLook
from launcher.workshop.editing import clips
from launcher.workshop.names import repo_name
from launcher.workshop.push import (
    Pushed,
    PushRequest,
    default_repo,
    last_repo,
    look_before_pushing,
    push_dataset,
)
from launcher.workshop.table import read_lines
from pod_image.dataset import read_dataset
from pod_image.hub import Hub, Overtaken, Repo, fetch, list_files, publish, resolve_commit
from tests.kit.dataset_files import wav, write, zipped

REPO = "demo/clips"
SOUND = {name: wav(0.1 + number / 20) for number, name in enumerate("abcdefg")}


def dataset(folder: Path, names: str = "abc", text: str = "Text") -> Path:
    sounds = {f"wavs/{name}.wav": SOUND[name] for name in names}
    table = "".join(f"wavs/{name}.wav|{text} {name}.\n" for name in names)
    return write(folder, {**sounds, "metadata.csv": table})


async def push(hub: Hub, folder: Path, agreed: PushLook | None = None, **options: Any) -> Pushed:
    return await push_dataset(hub, PushRequest(folder, REPO, agreed=agreed, **options))


async def looked(hub: Hub, folder: Path) -> PushLook:
    return await look_before_pushing(hub, PushRequest(folder, REPO))


def theirs(hub: Hub, files: dict[str, bytes | str]) -> str:
    """Files in the repo that somebody else put there."""
    hub.api.create_repo(REPO, repo_type="dataset", exist_ok=True)
    content = {
        path: each.encode() if isinstance(each, str) else each for path, each in files.items()
    }
    return publish(hub, Repo(REPO, "dataset"), {**content}, "theirs").commit


def in_repo(hub: Hub) -> set[str]:
    return {row.path for row in list_files(hub, Repo(REPO, "dataset"), "main")}


def as_a_pod_reads_it(hub: Hub, folder: Path) -> list[tuple[str, str]]:
    """(name, text) of the clips of the repo, fetched whole."""
    repo = Repo(REPO, "dataset")
    fetch(hub, repo, resolve_commit(hub, repo), folder)
    return sorted((clip.path.name, clip.text) for clip in read_dataset(folder).clips)


async def test_an_absent_or_empty_repo_is_not_asked_about(hub: Hub, tmp_path: Path) -> None:
    folder = dataset(tmp_path / "mine")
    assert await looked(hub, folder) == PushLook(REPO)
    theirs(hub, {"README.md": "---\nlicense: mit\n---\n", "LICENSE": "Free."})
    assert not (await looked(hub, folder)).holds_other_data
    assert (await push(hub, folder)).made_commit


async def test_another_dataset_is_listed_and_nothing_is_pushed_unasked(
    hub: Hub, tmp_path: Path
) -> None:
    await push(hub, dataset(tmp_path / "old", "abcde", "Old"))
    write(tmp_path / "mine", {"wavs/a.wav": wav(0.9)})
    folder = dataset(tmp_path / "mine", "bf")
    with (folder / "metadata.csv").open("a") as table:
        table.write("wavs/a.wav|Another.\n")
    before = in_repo(hub)
    look = await looked(hub, folder)
    assert look.clips == 5
    assert look.replaced == ("wavs/a.wav",)
    assert look.retexted == ("wavs/b.wav",)
    assert look.removed == ("wavs/c.wav", "wavs/d.wav", "wavs/e.wav")
    with pytest.raises(
        InvalidRequest, match=r"demo/clips holds other data\. 1 clip would be"
    ) as raised:
        await push(hub, folder)
    assert "3 clips would be deleted, since this dataset does not have them (wavs/c.wav" in str(
        raised.value.message
    )
    assert "--yes" in in_terminal(raised.value.hint)
    assert in_repo(hub) == before
    await push(hub, folder, look)
    assert in_repo(hub) == {
        ".gitattributes", "README.md", "metadata.csv", "wavs/a.wav", "wavs/b.wav", "wavs/f.wav",
    }  # fmt: skip
    assert as_a_pod_reads_it(hub, tmp_path / "pod") == [
        ("a.wav", "Another."), ("b.wav", "Text b."), ("f.wav", "Text f."),
    ]  # fmt: skip


async def test_a_datasets_own_changes_are_pushed_without_a_question(
    hub: Hub, tmp_path: Path
) -> None:
    folder = dataset(tmp_path / "mine")
    await push(hub, folder)
    clips.set_text(folder, "a.wav", 1.0, text="Better.")
    clips.leave_out(folder, ["b.wav"], 2.0)
    clips.trim(folder, "c.wav", 0.0, 0.15, 3.0)
    theirs(hub, {"README.md": "---\nlicense: mit\n---\n# A word on it\n"})
    assert not (await looked(hub, folder)).holds_other_data
    theirs(hub, {"more/x.wav": SOUND["g"]})
    look = await looked(hub, folder)
    assert (look.unnamed, look.removed) == (("more/x.wav",), ("wavs/b.wav",))


async def test_a_change_by_others_between_the_look_and_the_push_is_noticed(
    hub: Hub, tmp_path: Path
) -> None:
    theirs(hub, {"wavs/a.wav": SOUND["d"], "metadata.csv": "a|Theirs.\n"})
    folder = dataset(tmp_path / "mine")
    look = await looked(hub, folder)
    theirs(hub, {"wavs/z.wav": SOUND["g"]})
    with pytest.raises(InvalidRequest, match="was changed meanwhile"):
        await push(hub, folder, look)
    assert "wavs/b.wav" not in in_repo(hub)


async def test_a_change_by_others_during_the_push_is_noticed(hub: Hub, tmp_path: Path) -> None:
    folder = dataset(tmp_path / "mine")
    await push(hub, folder)
    clips.set_text(folder, "a.wav", 1.0, text="Better.")

    def change(what: str, done: int, of: int) -> None:
        if (what, done) == ("sending", 0):
            theirs(hub, {"wavs/z.wav": SOUND["g"]})

    with pytest.raises(Overtaken, match="moved on"):
        await push_dataset(hub, PushRequest(folder, REPO), progress=change)
    assert (await looked(hub, folder)).removed == ("wavs/z.wav",)


@pytest.mark.parametrize(
    "files",
    [
        {"train.csv": "x.wav|Theirs.\n", "x.wav": SOUND["g"]},
        {"data/metadata.csv": "x.wav|Theirs.\n", "data/x.wav": SOUND["g"]},
        {"all.zip": zipped({"wavs/a.wav": SOUND["g"], "wavs/x.wav": SOUND["f"]})},
    ],
    ids=lambda files: next(iter(files)),
)
async def test_whatever_was_there_a_run_reads_this_dataset_alone(
    files: dict[str, bytes | str], hub: Hub, tmp_path: Path
) -> None:
    folder = dataset(tmp_path / "mine")
    theirs(hub, files)
    await push(hub, folder, await looked(hub, folder))
    expected = sorted((line.file.removeprefix("wavs/"), line.text) for line in read_lines(folder))
    assert as_a_pod_reads_it(hub, tmp_path / "pod") == expected


async def test_the_same_data_from_a_copy_is_no_other_data_in_shards_either(
    hub: Hub, tmp_path: Path
) -> None:
    folder = dataset(tmp_path / "mine")
    for number in range(120):
        write(folder, {f"wavs/{number:03d}.wav": SOUND["d"]})
        with (folder / "metadata.csv").open("a") as table:
            table.write(f"wavs/{number:03d}.wav|Number {number}.\n")
    await push(hub, folder)
    copy = shutil.copytree(folder, tmp_path / "copy", ignore=shutil.ignore_patterns(".launcher"))
    assert not (await looked(hub, copy)).holds_other_data
    write(copy, {"wavs/a.wav": wav(0.1, level=0.1)})
    assert (await looked(hub, copy)).replaced == ("wavs/a.wav",)


async def test_a_public_repo_is_said_to_be_one(hub: Hub, tmp_path: Path) -> None:
    hub.api.create_repo(REPO, repo_type="dataset", private=False)
    theirs(hub, {"wavs/x.wav": SOUND["g"]})
    assert (await looked(hub, dataset(tmp_path / "mine"))).is_public


async def test_clips_that_were_left_out_are_not_sent(hub: Hub, tmp_path: Path) -> None:
    folder = dataset(tmp_path / "mine")
    clips.leave_out(folder, ["b.wav"], 1.0)
    await push(hub, folder)
    assert not [path for path in in_repo(hub) if "b.wav" in path or ".launcher" in path]


async def test_the_repo_is_named_after_the_dataset_unless_another_is_named(
    hub: Hub, tmp_path: Path
) -> None:
    folder = dataset(tmp_path / "my voice (2)")
    assert default_repo(hub, folder) == "demo/my-voice-2"
    assert last_repo(folder) == ""
    await push(hub, folder)
    assert last_repo(folder) == REPO


@pytest.mark.parametrize(
    ("dataset", "repo"),
    [("anna", "anna"), ("a--b", "a-b"), ("..x.", "x"), ("ü", "u"), ("世界", "dataset"),
     ("a" * 99, "a" * 64), ("My Clips_2", "My-Clips_2")],
)  # fmt: skip
def test_a_datasets_name_becomes_one_that_the_hub_takes(dataset: str, repo: str) -> None:
    assert repo_name(dataset) == repo


@pytest.mark.parametrize("kept", ['{"pushes": 3}', "no json", '{"format": 1}'])
async def test_a_damaged_note_of_earlier_pushes_asks_once_more(
    kept: str, hub: Hub, tmp_path: Path
) -> None:
    folder = dataset(tmp_path / "mine")
    await push(hub, folder)
    write(folder, {".launcher/pushes.json": kept})
    clips.set_text(folder, "a.wav", 1.0, text="Better.")
    assert (await looked(hub, folder)).retexted == ("wavs/a.wav",)
