"""The history: on disk when it says so, private, and never undone by another process."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.domain.run import RunState
from launcher.errors import InvalidRequest, NotConfigured
from launcher.stores.runs import RecordKind, RunHistory
from pod_image.contract.outcomes import EndReason
from tests.kit.runs import NOON, new_run


@pytest.fixture
def history(tmp_path: Path) -> Iterator[RunHistory]:
    opened = RunHistory(tmp_path / "data" / "runs.sqlite")
    yield opened
    opened.close()


def test_a_run_comes_back_as_it_was_added(history: RunHistory) -> None:
    full = new_run(
        state=RunState.ENDED,
        created_at=NOON,
        armed_at=NOON + timedelta(minutes=2),
        ended_at=NOON + timedelta(hours=1),
        deadline=NOON + timedelta(hours=6),
        end_reason=EndReason.FINISHED,
        cost_usd=0.69,
        secret_names=("launcher_a_upload", "launcher_a_dataset"),
        settings_json='{"a": "ü"}',
        log_cursor="2026/1",
        last_seq=7,
    )
    history.add(full)
    assert history.by_nonce("abcdefghij") == full
    assert history.get("run-01") == full
    assert history.by_nonce("nobody") is None


def test_a_change_names_only_what_changes(tmp_path: Path, history: RunHistory) -> None:
    history.add(new_run())
    other = RunHistory(tmp_path / "data" / "runs.sqlite")
    stale = other.get("run-01")
    history.update(new_run(), state=RunState.ENDED, end_reason=EndReason.ABORTED)
    now = other.update(stale, log_cursor="9")
    other.close()
    assert (now.state, now.end_reason, now.log_cursor) == (RunState.ENDED, EndReason.ABORTED, "9")
    assert history.update(now) == now


@pytest.mark.parametrize("field", ["nonce", "wages"])
def test_what_is_no_field_to_change_is_a_mistake(history: RunHistory, field: str) -> None:
    history.add(new_run())
    with pytest.raises(TypeError, match=field):
        history.update(new_run(), **{field: "x"})


def test_the_same_attempt_is_added_once(history: RunHistory) -> None:
    history.add(new_run())
    with pytest.raises(sqlite3.IntegrityError):
        history.add(new_run())


def test_runs_come_newest_first_and_live_ones_can_be_asked_for(history: RunHistory) -> None:
    for number, state in enumerate(RunState):
        at = NOON + timedelta(minutes=number)
        history.add(new_run(f"nonce{number}", attempt=number + 1, state=state, planned_at=at))
    assert [each.nonce for each in history.runs()] == [f"nonce{n}" for n in (4, 3, 2, 1, 0)]
    assert [each.nonce for each in history.runs(limit=1)] == ["nonce4"]
    assert {each.state for each in history.live()} == {
        RunState.LAUNCHING,
        RunState.RUNNING,
        RunState.ENDING,
    }
    assert [each.attempt for each in history.attempts("me/voices", "run-01")] == [5, 4, 3, 2, 1]
    assert history.attempts("me/other", "run-01") == []


def test_times_of_other_zones_keep_their_moment_and_order(history: RunHistory) -> None:
    east = datetime(2026, 11, 22, 12, 30, tzinfo=timezone(timedelta(hours=2)))
    history.add(new_run("first", planned_at=east))
    history.add(new_run("second", planned_at=NOON))
    assert [each.nonce for each in history.runs()] == ["second", "first"]
    found = history.by_nonce("first")
    assert found is not None
    assert found.planned_at == east


def test_a_run_is_found_by_id_by_id_and_repo_and_by_its_pod(history: RunHistory) -> None:
    history.add(new_run("one", pod_id="pod-1"))
    history.add(new_run("two", attempt=2, pod_id="pod-2", planned_at=NOON + timedelta(hours=1)))
    assert history.get("run-01").nonce == "two"
    assert history.get("run-01@me/voices").nonce == "two"
    assert history.get("pod-1").nonce == "one"
    assert history.get("me/voices/run-01").nonce == "two"
    assert history.get("run-01").address == "me/voices/run-01"


def test_a_run_id_of_two_repos_has_to_be_told_apart(history: RunHistory) -> None:
    history.add(new_run("one"))
    history.add(new_run("two", results_repo="me/other"))
    with pytest.raises(InvalidRequest, match="More than one") as caught:
        history.get("run-01")
    assert in_terminal(caught.value.hint) == "Choose one of: me/other/run-01, me/voices/run-01"
    assert history.get("me/other/run-01").nonce == "two"


def test_an_unknown_run_names_the_nearest(history: RunHistory) -> None:
    with pytest.raises(InvalidRequest, match="no run 'run-1'") as caught:
        history.get("run-1")
    assert in_terminal(caught.value.hint) == "launcher runs lists what there is."
    history.add(new_run())
    with pytest.raises(InvalidRequest) as caught:
        history.get("run-1")
    assert in_terminal(caught.value.hint) == "Nearest: run-01."
    with pytest.raises(InvalidRequest):
        history.get("")


def test_the_first_moment_of_its_name_stays(history: RunHistory) -> None:
    history.add(new_run())
    history.mark(new_run(), "created", NOON - timedelta(seconds=3))
    history.mark(new_run(), "planned", NOON)
    history.mark(new_run(), "armed", NOON + timedelta(minutes=2))
    history.mark(new_run(), "armed", NOON + timedelta(minutes=9))
    assert list(history.moments(new_run())) == ["planned", "created", "armed"]
    assert history.moments(new_run())["armed"] == NOON + timedelta(minutes=2)


def test_documents_are_kept_by_kind_and_replaced(history: RunHistory) -> None:
    history.add(new_run())
    assert history.kept(new_run(), RecordKind.ENDED) is None
    history.keep(new_run(), RecordKind.ENDED, {"reason": "failed"})
    history.keep(new_run(), RecordKind.ENDED, {"reason": "finished"})
    assert history.kept(new_run(), RecordKind.ENDED) == {"reason": "finished"}
    assert history.kept(new_run(), RecordKind.ESTIMATE) is None


def test_the_file_and_its_side_files_are_their_owners_alone(tmp_path: Path) -> None:
    history = RunHistory(tmp_path / "data" / "runs.sqlite")
    history.add(new_run())
    folder = tmp_path / "data"
    files = sorted(path.name for path in folder.iterdir())
    assert files == ["runs.sqlite", "runs.sqlite-shm", "runs.sqlite-wal"]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in folder.iterdir())
    history.close()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_what_is_there_survives_a_new_opening(tmp_path: Path, history: RunHistory) -> None:
    history.add(new_run())
    history.close()
    with closing(RunHistory(tmp_path / "data" / "runs.sqlite")) as again:
        assert again.get("run-01") == new_run()


def test_a_file_of_a_newer_launcher_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "runs.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(NotConfigured, match="newer launcher"):
        RunHistory(path)
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (99,)
        assert db.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    db.close()


def test_a_file_that_is_no_history_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "runs.sqlite"
    path.write_bytes(b"something else entirely" * 100)
    with pytest.raises(NotConfigured, match="cannot be opened") as caught:
        RunHistory(path)
    assert "LAUNCHER_HOME" in in_terminal(caught.value.hint)
    (tmp_path / "file").write_text("")
    with pytest.raises(NotConfigured):
        RunHistory(tmp_path / "file" / "runs.sqlite")


def test_the_history_is_read_without_anything_heavy() -> None:
    code = (
        "import sys\n"
        "import launcher.stores.runs, launcher.services.following.receipts\n"
        "heavy = {'pydantic', 'httpx', 'httpx2', 'keyring', 'huggingface_hub', 'nicegui', 'torch'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_history_of_an_earlier_release_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "runs.sqlite"
    with closing(RunHistory(path)) as opened:
        opened.add(new_run(pod_id="pod-1"))
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("ALTER TABLE runs DROP COLUMN account_id")
        db.execute("ALTER TABLE runs DROP COLUMN not_delivered")
        for name in ("is_from_repo", "told_nonce", "told_pod_id", "place"):
            db.execute(f"ALTER TABLE runs DROP COLUMN {name}")
        db.execute("PRAGMA user_version = 1")
    with closing(RunHistory(path)) as opened:
        assert opened.get("run-01") == new_run(pod_id="pod-1")
        assert opened.update(new_run(), account_id="account-1").account_id == "account-1"
        assert opened.update(new_run(), not_delivered=2).not_delivered == 2


_ANOTHER_LAUNCHER = """
import sys
from pathlib import Path
from launcher.stores.runs import RunHistory
history = RunHistory(Path(sys.argv[1]))
run = history.by_nonce("abcdefghij")
history.update(run, detail="seen by another process")
history.close()
"""


def test_a_command_beside_a_form_that_opened_the_file_often_leaves_it_whole(
    history: RunHistory,
) -> None:
    """A form has a history open for each set of keys. Were the file itself opened and closed beside them, that
    would drop their locks, and the command below would take away the log that they write to."""
    history.add(new_run())
    second = RunHistory(history.path)
    RunHistory(history.path).close()
    command = [sys.executable, "-c", _ANOTHER_LAUNCHER, str(history.path)]
    subprocess.run(command, check=True)
    found = history.by_nonce("abcdefghij")
    assert found is not None
    assert found.detail == "seen by another process"
    second.add(new_run("klmnopqrst", attempt=2))
    subprocess.run(command, check=True)
    history.update(found, detail="and by this one")
    second.close()
    with closing(sqlite3.connect(history.path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("SELECT count(*) FROM runs").fetchone() == (2,)
