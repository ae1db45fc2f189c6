"""Folder, archive and repo list the same files: without what systems leave behind, under every name a file may have."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.emulator.hub import HubEmulator
from launcher.workshop.hub_source import open_repo
from pod_image.contract.leavings import is_left_behind
from pod_image.dataset import Code, FolderSource, read_dataset, survey
from pod_image.hub import Repo, fetch
from tests.kit.dataset_files import SHORT, InMemory, codes, look, seed_repo, tarred, write, zipped
from tests.kit.hub_access import hub_of

LEAVINGS = [
    "._a.wav", "wavs/._a.wav", "__MACOSX/wavs/._a.wav", ".DS_Store", "wavs/.DS_Store", "Thumbs.db",
    "wavs/ehthumbs.db", "Desktop.ini", "@eaDir/a.wav/SYNO@x.wav", "wavs/@eaDir/a.wav", "~$metadata.csv",
    ".~lock.metadata.csv#", "#recycle/a.wav", "$RECYCLE.BIN/a.wav", "System Volume Information/a.wav",
    "Icon\r", "wavs/Icon\r", ".Trashes/501/a.wav", "__pycache__/a.wav", "lost+found/a.wav",
]  # fmt: skip
MEANT = [
    "a.wav",
    "wavs/icon.wav",
    "Thumbs/a.wav",
    "~a.wav",
    "MACOSX/a.wav",
    "a~$b.wav",
    "desktop.wav",
]
ODD_NAMES = [
    "Recording 3.15.22\u202fPM",
    "voix\u00a0de test",
    "録音\u3000一",
    "می\u200cخواهم",
    "\u2009thin",
]


@pytest.mark.parametrize("path", LEAVINGS)
def test_what_systems_leave_behind_is_known(path: str) -> None:
    assert is_left_behind(path)
    assert is_left_behind(path.replace("/", "\\"))
    assert is_left_behind(f"./{path}")


@pytest.mark.parametrize("path", MEANT)
def test_what_only_looks_a_little_like_it_is_kept(path: str) -> None:
    assert not is_left_behind(path)


def with_leavings() -> dict[str, bytes]:
    clips = {"wavs/a.wav": SHORT, "wavs/a.txt": b"Hello."}
    return {**clips, **dict.fromkeys(LEAVINGS, b"\x00\x05\x16\x07")}


@pytest.mark.parametrize("form", ["folder", "zip", "tar", "tar.gz"])
def test_they_are_passed_over_in_folders_and_in_archives_alike(tmp_path: Path, form: str) -> None:
    if form == "folder":
        write(tmp_path, {**with_leavings()})
    else:
        packed = {
            "zip": lambda: zipped(with_leavings()),
            "tar": lambda: tarred(with_leavings()),
            "tar.gz": lambda: tarred(with_leavings(), "w:gz"),
        }[form]()
        write(tmp_path, {f"clips.{form}": packed})
    found = look(tmp_path)
    assert codes(found) == []
    assert [each.path for each in found.source.entries()] == ["wavs/a.txt", "wavs/a.wav"]
    assert [clip.text for clip in read_dataset(tmp_path).clips] == ["Hello."]


def test_a_link_that_a_system_left_in_an_archive_is_no_reason_to_refuse_it(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:") as archive:
        link = tarfile.TarInfo("@eaDir/there")
        link.type, link.linkname = tarfile.SYMTYPE, "/volume1"
        archive.addfile(link)
        for name, content in {"a.wav": SHORT, "a.txt": b"Hello."}.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    assert codes(look(write(tmp_path, {"clips.tar": packed.getvalue()}))) == []


@pytest.mark.parametrize("name", ODD_NAMES)
@pytest.mark.parametrize("form", ["folder", "zip", "tar"])
def test_blanks_and_joiners_of_other_languages_are_letters_of_a_name(
    tmp_path: Path, name: str, form: str
) -> None:
    table = f"wavs/{name}.wav|Hello there.\n"
    clips = {f"wavs/{name}.wav": SHORT}
    if form == "folder":
        write(tmp_path, {**clips, "metadata.csv": table})
    else:
        packed = zipped(clips) if form == "zip" else tarred(clips)
        write(tmp_path, {f"clips.{form}": packed, "metadata.csv": table})
    assert codes(look(tmp_path)) == []
    assert [clip.path.name for clip in read_dataset(tmp_path).clips] == [f"{name}.wav"]


def test_a_repo_is_listed_as_the_folder_that_a_pod_fetches(tmp_path: Path) -> None:
    files = {**with_leavings(), **{f"wavs/{name}.wav": SHORT for name in ODD_NAMES}}
    files |= {f"wavs/{name}.txt": b"Hello." for name in ODD_NAMES}
    with HubEmulator(tmp_path / "hub") as emulator:
        seed_repo(emulator, "demo/clips", files)
        hub = hub_of(emulator)
        source = open_repo(hub, "demo/clips")
        fetch(hub, Repo("demo/clips", "dataset"), source.commit, tmp_path / "pod")
    there = FolderSource(tmp_path / "pod")
    assert list(source.entries()) == list(there.entries())
    assert len(there.entries()) == 2 + 2 * len(ODD_NAMES)
    assert len(read_dataset(tmp_path / "pod").clips) == 1 + len(ODD_NAMES)


@pytest.mark.parametrize(
    "name", ["12:30.wav", "a\u202eb.wav", "zero\u200bwidth.wav", "nul.wav", "x" * 300 + ".wav"]
)
@pytest.mark.parametrize("form", ["zip", "tar"])
def test_one_member_with_a_name_that_not_every_system_has_is_left_aside_alone(
    tmp_path: Path, name: str, form: str
) -> None:
    files = {name: SHORT, "a.wav": SHORT, "a.txt": b"Hello."}
    packed = zipped(files) if form == "zip" else tarred(files)
    found = look(write(tmp_path, {f"clips.{form}": packed}))
    assert codes(found) == [Code.PATH_OUTSIDE]
    assert [clip.text for clip in read_dataset(tmp_path).clips] == ["Hello."]


@pytest.mark.skipif(os.name == "nt", reason="needs names that are bytes")
def test_a_name_that_is_no_text_is_said_and_the_rest_is_listed(tmp_path: Path) -> None:
    write(tmp_path, {"wavs/a.wav": SHORT, "metadata.csv": "a|Hello.\n"})
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/wavs/caf\xe9.wav"))).write_bytes(SHORT)
    found = look(tmp_path)
    (said,) = [each for each in found.findings if each.code is Code.PATH_OUTSIDE]
    assert said.place == "wavs/caf\\udce9.wav"
    in_terminal(said.message).encode()
    assert len(found.utterances) == 1


# Links


def snapshot(root: Path) -> Path:
    """A folder as snapshot_download of Hugging Face's library returns it: nothing in it but links."""
    blobs, folder = root / "blobs", root / "snapshots/0123"
    write(root, {"blobs/1": SHORT, "blobs/m": "a|Hello.\n"})
    (folder / "wavs").mkdir(parents=True)
    (folder / "wavs/a.wav").symlink_to(Path("../../../blobs/1"))
    (folder / "metadata.csv").symlink_to(blobs / "m")
    return folder


def linked(root: Path) -> Path:
    write(root, {"elsewhere/a.wav": SHORT, "mine/metadata.csv": "a|Hello.\n"})
    (root / "mine/wavs").symlink_to(Path("../elsewhere"), target_is_directory=True)
    return root / "mine"


@pytest.mark.parametrize("make", [snapshot, linked])
def test_links_of_a_persons_own_folder_are_followed_and_said(tmp_path: Path, make: object) -> None:
    assert callable(make)
    folder = make(tmp_path)
    found = survey(FolderSource(folder, follows_links=True))
    assert codes(found) == [Code.LINK_FOLLOWED]
    assert [(each.path, each.text) for each in found.utterances] == [("wavs/a.wav", "Hello.")]
    assert found.source.read("wavs/a.wav") == SHORT


@pytest.mark.parametrize("make", [snapshot, linked])
def test_links_of_what_strangers_filled_are_left_aside_and_said(
    tmp_path: Path, make: object
) -> None:
    assert callable(make)
    found = look(make(tmp_path))
    assert Code.LINK_OUTSIDE in codes(found)
    assert found.utterances == []


def test_circles_and_links_that_lead_nowhere_end_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"mine/wavs/a.wav": SHORT, "mine/metadata.csv": "a|Hello.\n"})
    inner = tmp_path / "mine/wavs"
    (inner / "up").symlink_to(tmp_path / "mine", target_is_directory=True)
    (inner / "itself.wav").symlink_to(inner / "itself.wav")
    (inner / "gone.wav").symlink_to(tmp_path / "nowhere.wav")
    for follows in (False, True):
        found = survey(FolderSource(tmp_path / "mine", follows_links=follows))
        assert codes(found) == [Code.LINK_BROKEN, Code.LINK_BROKEN]
        assert [each.path for each in found.source.entries()] == ["metadata.csv", "wavs/a.wav"]


def test_an_archive_within_any_source_is_listed_the_same() -> None:
    packed = zipped(with_leavings(), zipfile.ZIP_DEFLATED)
    found = survey(InMemory({"clips.zip": packed}))
    assert [each.path for each in found.utterances] == ["wavs/a.wav"]


def test_archives_in_an_archive_and_of_kinds_that_are_not_read_are_named_with_what_to_do(
    tmp_path: Path,
) -> None:
    inner = zipped({"a.wav": SHORT, "metadata.csv": b"a|Hello there.\n"})
    for name, files in (
        ("inner.zip", {"all.zip": zipped({"inner.zip": inner})}),
        ("clips.7z", {"clips.7z": b"7z"}),
        ("data-00000-of-00001.arrow", {"data-00000-of-00001.arrow": b"x"}),
    ):
        found = look(write(tmp_path / name, files))
        errors = [each for each in found.findings if each.code == Code.NO_TABLE]
        assert len(errors) == 1
        assert name in in_terminal(errors[0].message)
        assert "unpack it" in in_terminal(errors[0].hint)


def test_an_archive_that_is_not_read_beside_a_dataset_is_a_warning(tmp_path: Path) -> None:
    write(tmp_path, {"a.wav": SHORT, "metadata.csv": "a|Hello there.\n", "old.rar": b"Rar!"})
    found = look(tmp_path)
    assert [each.place for each in found.findings if each.code == Code.ARCHIVE_UNREAD] == [
        "old.rar"
    ]
    assert len(found.utterances) == 1
