"""A folder in the place of a repo, asked by the same functions: no Hub is there, and no token."""

from __future__ import annotations

import fcntl
import os
import pwd
from dataclasses import replace
from pathlib import Path

import pytest

from pod_image.folder_store.folder import OwnFolder
from pod_image.hub import (
    Hub,
    HubUnavailable,
    NotInRepo,
    Repo,
    RepoMissing,
    ensure_results_repo,
    fetch,
    leave_tag,
    list_folders,
    list_tags,
    publish,
    read_bytes,
    resolve_commit,
    verify,
)
from pod_image.hub.preflight import Cause, Preflight, ResultsState, preflight
from pod_image.hub.repos import SMALL_BYTES

HUB = Hub(None, endpoint="http://127.0.0.1:9")


def test_what_lies_in_a_folder_is_read_again_and_not_believed(tmp_path: Path) -> None:
    repo = Repo(str(tmp_path / "voices"), "model")
    ensure_results_repo(HUB, repo.id)
    made = publish(HUB, repo, {"run-01/a": b"one", "run-01/b": b"two"}, "both")
    assert verify(HUB, repo, made.commit, made.files) == []
    (tmp_path / "voices" / "run-01" / "a").write_bytes(b"six")
    (tmp_path / "voices" / "run-01" / "b").unlink()
    wrong = verify(HUB, repo, made.commit, made.files)
    assert [each.path for each in wrong] == ["run-01/a", "run-01/b"]


@pytest.mark.promise("results-verified")
def test_a_folder_that_is_gone_is_said_and_not_begun_again_in_silence(tmp_path: Path) -> None:
    """Else what was delivered before would count as delivered still, and be deleted on the run's own disk."""
    repo = Repo(str(tmp_path / "voices"), "model")
    ensure_results_repo(HUB, repo.id)
    publish(HUB, repo, {"run-01/a": b"one"}, "")
    (tmp_path / "voices").rename(tmp_path / "moved")
    with pytest.raises(RepoMissing):
        publish(HUB, repo, {"run-01/b": b"two"}, "", card=lambda there: "card")
    assert not (tmp_path / "voices").exists()


def test_a_folder_that_is_locked_is_one_to_try_again_and_no_refusal(tmp_path: Path) -> None:
    """The agent waits and tries again after the one, and gives files up after the other."""
    repo = Repo(str(tmp_path / "voices"), "model")
    ensure_results_repo(HUB, repo.id)
    hub = replace(HUB, open_folder=lambda path: OwnFolder(Path(path), patience_seconds=0.1))
    with (tmp_path / "voices" / ".launcher" / "lock").open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(HubUnavailable, match="locked"):
            publish(hub, repo, {"run-01/a": b"one"}, "")
    made = publish(hub, repo, {"run-01/a": b"one"}, "")
    assert verify(hub, repo, made.commit, made.files) == []


def test_a_folder_answers_as_a_repo_does(tmp_path: Path) -> None:
    repo = Repo(str(tmp_path / "voices"), "model")
    with pytest.raises(RepoMissing):
        resolve_commit(HUB, repo)
    assert read_bytes(HUB, repo, "run-01/a") is None
    assert ensure_results_repo(HUB, repo.id)
    first = publish(HUB, repo, {"run-01/a": b"one"}, "", card=lambda there: f"{there} card")
    assert first.made_commit
    assert not publish(HUB, repo, {"run-01/a": b"one"}, "").made_commit
    assert read_bytes(HUB, repo, "README.md") == b"None card"
    assert leave_tag(HUB, repo, first.commit, ["v", "v.2"]) == "v"
    second = publish(HUB, repo, {"run-02/a": b"two"}, "", deletes=["run-01/a"])
    assert leave_tag(HUB, repo, second.commit, ["v", "v.2"]) == "v.2"
    assert list_tags(HUB, repo) == {"v": first.commit, "v.2": second.commit}
    assert list_folders(HUB, repo) == ["run-02"]
    fetched = fetch(HUB, repo, resolve_commit(HUB, repo, "v"), tmp_path / "got", ["run-01/*"])
    assert (tmp_path / "got" / "run-01" / "a").read_bytes() == b"one"
    assert set(fetched.files) == {"run-01/a"}
    with pytest.raises(NotInRepo):
        resolve_commit(HUB, repo, "never")


def test_a_long_file_of_a_folder_is_read_to_its_end(tmp_path: Path) -> None:
    clips = tmp_path / "clips"
    clips.mkdir()
    for name, size_bytes in (("long", SMALL_BYTES + 1), ("even", SMALL_BYTES), ("empty", 0)):
        (clips / name).touch()
        os.truncate(clips / name, size_bytes)
        content = read_bytes(HUB, Repo(str(clips), "dataset"), name)
        assert content is not None
        assert len(content) == size_bytes


def asked(results: Path | str, dataset: Path | str) -> Preflight:
    return preflight(HUB, HUB, [(str(dataset), None)], str(results))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's, with a dataset in it."""
    made = tmp_path / "people" / "me"
    (made / "clips").mkdir(parents=True)
    (made / "clips" / "a.txt").write_text("one")
    (tmp_path / "link").symlink_to(made)
    monkeypatch.setenv("HOME", str(made))
    return made


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("people/me", "it is your home folder, with all that is yours"),
        ("link", "it is your home folder"),
        ("people", "your home folder {home} is in it"),
        ("people/me/clips/../..", "your home folder {home} is in it"),
        ("/.", "it is the whole file system"),
    ],
)
def test_a_home_is_given_to_no_run_neither_for_results_nor_as_a_dataset(
    home: Path, tmp_path: Path, name: str, why: str
) -> None:
    """A container would have it as it is, and a bare run would copy it."""
    wide, told = f"{tmp_path}/{name}" if name != "/." else name, why.format(home=home)
    for_results = asked(wide, home / "clips")
    assert for_results.results is ResultsState.REFUSED
    (found,) = for_results.errors
    assert found.code == Cause.TOO_WIDE
    assert f"The results folder {wide} cannot be used: {told}" in str(found.message)
    as_dataset = asked(home / "voices", wide)
    assert f"The dataset folder {wide} cannot be used: {told}" in str(as_dataset.errors[0].message)
    assert as_dataset.dataset_commits == (None,)


def test_the_home_that_the_system_knows_is_one_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (found,) = asked(pwd.getpwuid(os.getuid()).pw_dir, tmp_path / "clips").errors[-1:]
    assert found.code == Cause.TOO_WIDE


def test_a_results_folder_that_has_other_things_in_it_is_said_before_the_first_run(
    home: Path,
) -> None:
    mine = home / "work"
    assert asked(mine, home / "clips").findings == ()
    mine.mkdir()
    assert asked(mine, home / "clips").findings == ()
    (mine / "letter").write_text("mine")
    before = asked(mine, home / "clips")
    assert before.results is ResultsState.TO_BE_CREATED
    (found,) = before.warnings
    assert found.code == Cause.NOT_EMPTY
    assert f"The results folder {mine} has files that no run has delivered" in str(found.message)
    ensure_results_repo(HUB, str(mine))
    assert asked(mine, home / "clips").findings == ()
    assert (mine / "letter").read_text() == "mine"


@pytest.mark.parametrize("below", ["", "/voices", "/x/../voices"])
def test_results_do_not_go_into_the_folder_of_the_dataset(home: Path, below: str) -> None:
    found = asked(f"{home}/clips{below}", home / "clips")
    assert Cause.RESULTS_IN_DATASET in [each.code for each in found.errors]
    assert asked(f"{home}/clips-voices", home / "clips").errors == ()
