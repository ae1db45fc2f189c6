"""Files of this computer in the form: what is wrong with one is told at its field, and nothing of it is sent."""

from __future__ import annotations

from pathlib import Path

from nicegui.testing import User

from launcher.ui.widgets.inputs import Field
from tests.kit.page_verbs import click, enter, only, until, visit


def error_at(user: User, name: str) -> str:
    return only(user, Field, f"field-{name}").error


async def test_a_file_that_is_not_there_is_said_at_its_field_until_another_is_typed(
    person: User, tmp_path: Path
) -> None:
    await visit(person, "/train")
    person.find(marker="train-command").trigger("change")
    absent, there = tmp_path / "absent.py", tmp_path / "train.py"
    there.write_text("print(1)\n")
    enter(person, "bring", f"{there}\n{absent}")
    await until(lambda: f"{absent} cannot be sent" in error_at(person, "bring"))
    enter(person, "bring", str(there))
    await until(lambda: not error_at(person, "bring"))
    enter(person, "bring", f"{there}:/root")
    await until(lambda: "must be inside the command's folder" in error_at(person, "bring"))


async def test_what_the_check_finds_in_a_file_is_said_at_its_field_and_can_be_put_right_there(
    holder: User, tmp_path: Path
) -> None:
    """On disk, that is: what was found keeps nobody from checking again."""
    packages = tmp_path / "all.txt"
    packages.write_text("trl\n-e .\n")
    await visit(holder, "/train")
    holder.find(marker="train-command").trigger("change")
    enter(holder, "argv", "true")
    enter(holder, "results_repo", "demo/results")
    enter(holder, "requirements", str(packages))
    await until(lambda: "line 2 is an editable install" in error_at(holder, "requirements"))
    click(holder, "Check everything")
    await holder.should_see("must be fixed")
    assert "line 2 is an editable install" in error_at(holder, "requirements")
    packages.write_text("trl\n")
    click(holder, "Check everything")
    await holder.should_see("You can start")
    assert error_at(holder, "requirements") == ""
