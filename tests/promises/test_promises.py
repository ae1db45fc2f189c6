"""The table of promises is true: each is held by a test, and the page names those that do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.promises.__main__ import Broken, Promise, main, promises, proofs, table


def test_the_page_says_which_tests_hold_the_promises() -> None:
    assert main(["--check"]) == 0


def test_a_promise_that_no_test_holds_is_an_error(tmp_path: Path) -> None:
    made = promises()
    with pytest.raises(Broken, match="no test holds 'money-more'"):
        table([*made, Promise("money-more", "More.", "")], proofs())


def test_a_test_that_holds_a_promise_nobody_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    code = "import pytest\n\n\n@pytest.mark.promise('money-x')\nasync def test_x():\n    ...\n"
    (tmp_path / "tests" / "test_x.py").write_text(code)
    held = proofs(tmp_path / "tests")
    assert [(proof.file, proof.test, proof.keys) for proof in held] == [
        ("tests/test_x.py", "test_x", ("money-x",))
    ]
    with pytest.raises(Broken, match="money-x"):
        table(promises(), held)
