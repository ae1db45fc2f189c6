"""The audit: a line that did not get to the disk whole is not taken for one that did."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from launcher.serve.audit import Audit, Caller
from launcher.serve.problems import Problem

CALLER = Caller("a1b2c3d4", "127.0.0.1", "0123456789abcdef")


@contextmanager
def room_for(more_bytes: int, path: Path) -> Iterator[None]:
    """As on a disk that is nearly full: a write takes what there is room for, and says how much that was."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + more_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_is_written_down_in_part_is_not_done(tmp_path: Path) -> None:
    audit = Audit(tmp_path / "serve" / "audit.jsonl", lambda: datetime.now(UTC))
    audit.must_write(CALLER, "deploy", most_usd=1.5)
    with room_for(20, audit.path), pytest.raises(Problem) as caught:
        audit.must_write(CALLER, "deploy", most_usd=2.5)
    assert (caught.value.status, caught.value.kind) == (503, "not-written")
    assert json.loads(audit.path.read_text().splitlines()[0])["most_usd"] == 1.5


def test_what_ends_money_is_done_where_it_cannot_be_written_down(tmp_path: Path) -> None:
    audit = Audit(tmp_path / "audit.jsonl", lambda: datetime.now(UTC))
    audit.path.mkdir()
    audit.write(CALLER, "abort")
    assert list(audit.path.iterdir()) == []
