"""The reference: in the docs, as a page, and for other tools; what it says is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from openapi_spec_validator import validate

from launcher.serve import docs
from launcher.serve.app import described_alone
from launcher.serve.docs import main, stale_pages
from launcher.serve.reference import documents, operations, page, problems

OPENAPI = described_alone()


def test_the_docs_of_this_checkout_say_what_the_interface_is() -> None:
    assert stale_pages() == {}


def test_check_fails_on_a_stale_page_and_write_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "Words.\n<!-- generated: http -->\n<!-- end of generated -->\nMore words.\n"
    (tmp_path / "http.md").write_text(words)
    monkeypatch.setattr(docs, "stale_pages", lambda: stale_pages(tmp_path))
    assert main(["--check"]) == 1
    assert main(["--write"]) == 0
    assert main(["--check"]) == 0
    text = (tmp_path / "http.md").read_text()
    assert text.startswith("Words.\n")
    assert text.endswith("More words.\n")
    assert "#### POST /api/v1/plans" in text
    assert main([]) == 2


def test_the_description_is_valid_and_says_how_to_be_let_in() -> None:
    validate(OPENAPI)
    assert OPENAPI["openapi"] == "3.1.0"
    scheme = OPENAPI["components"]["securitySchemes"]["HTTPBearer"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    for path, methods in OPENAPI["paths"].items():
        for operation in methods.values():
            assert operation["security"] == [{"HTTPBearer": []}], path
            problem = operation["responses"]["default"]["content"]
            assert list(problem) == ["application/problem+json"]


def test_every_operation_and_document_and_problem_is_explained() -> None:
    members = [each for listed in operations(OPENAPI).values() for each in listed]
    assert len(members) == sum(map(len, OPENAPI["paths"].values()))
    assert all(each.about and each.answer for each in members)
    assert {each.body for each in members if each.method == "POST"} <= set(documents(OPENAPI))
    assert all(each.about.endswith(".") for each in problems())


def test_the_page_loads_nothing_and_its_links_lead_somewhere() -> None:
    text = page(OPENAPI)
    assert not re.findall(r"<(?:script|link|img|iframe|object)|url\(|@import|https?://", text)
    inside = set(re.findall(r'href="#([^"]+)"', text))
    there = set(re.findall(r'id="([^"]+)"', text))
    assert inside
    assert inside <= there
    assert {f"problem-{each.name}" for each in problems()} <= there
