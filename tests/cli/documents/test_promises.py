"""What must not change within a version, and who refuses it."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from launcher.cli.documents.docs import SCHEMA_PAGE, main
from launcher.cli.documents.promises import broken_promises
from launcher.cli.documents.schema import schema


@pytest.fixture
def published() -> Any:
    return copy.deepcopy(schema())


def field(made: Any, name: str, field: str) -> Any:
    return made["$defs"][name]["properties"][field]


def test_nothing_changed_breaks_nothing(published: Any) -> None:
    assert broken_promises(published, schema()) == []


def test_a_field_and_a_word_more_break_nothing(published: Any) -> None:
    del published["$defs"]["RunFacts"]["properties"]["preset"]
    published["$defs"]["EndReason"]["enum"].remove("lost")
    del published["$defs"]["Cost"]
    assert broken_promises(published, schema()) == []


def test_a_field_that_is_gone_or_of_another_type_is_named_where_it_stands(published: Any) -> None:
    now = schema()
    del now["$defs"]["RunFacts"]["properties"]["preset"]
    field(now, "RunFacts", "attempt")["type"] = "string"
    now["$defs"]["RunFacts"]["required"].remove("detail")
    now["$defs"]["Runs"]["properties"]["runs"]["items"] = {"type": "string"}
    assert sorted(broken_promises(published, now)) == [
        "RunFacts.attempt may be of another type now.",
        "RunFacts.detail may be absent now.",
        "RunFacts.preset is taken away.",
        "Runs.runs may be of another type now.",
    ]


def test_a_field_that_becomes_null_a_lost_word_and_a_lost_document_are_named(
    published: Any,
) -> None:
    now = schema()
    field(now, "CheckFacts", "detail").update({"anyOf": [{"type": "string"}, {"type": "null"}]})
    now["$defs"]["EndReason"]["enum"].remove("stalled")
    del now["$defs"]["Export"]
    assert sorted(broken_promises(published, now)) == [
        "CheckFacts.detail may be of another type now.",
        "EndReason has lost words: stalled.",
        "Export is gone.",
    ]


def test_a_raised_version_may_change_what_only_it_holds(published: Any) -> None:
    now = schema()
    field(now, "Doctor", "version")["const"] = 2
    del now["$defs"]["CheckFacts"]["properties"]["hint"]
    assert broken_promises(published, now) == []
    del now["$defs"]["Severity"]
    assert broken_promises(published, now) == ["Severity is gone."]


def test_the_pages_are_not_written_over_a_broken_promise_unless_no_release_had_it(
    tmp_path: Path, published: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--check"], tmp_path) == 1
    assert main(["--write"], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    field(published, "RunFacts", "preset")["type"] = "integer"
    (tmp_path / SCHEMA_PAGE).write_text(json.dumps(published), "utf-8")
    assert main(["--write"], tmp_path) == 1
    assert "RunFacts.preset may be of another type now." in capsys.readouterr().err
    assert main(["--write", "--unreleased"], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
