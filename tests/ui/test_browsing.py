"""The folders of this computer in a dialog: gone through, counted, chosen, and never named by the browser."""

from __future__ import annotations

from pathlib import Path

from nicegui import ElementFilter
from nicegui.testing import User

from launcher.ui.widgets.elements import Button
from launcher.ui.widgets.inputs import Field
from launcher.ui.widgets.picker import Picker
from tests.kit.page_verbs import (
    click,
    enter,
    even_hidden,
    only,
    press,
    tell,
    until,
    value_of,
    visit,
)


def titles(user: User) -> list[str]:
    """Of the folder that is shown; none while the dialog is on its way."""
    with user:
        shown = list(ElementFilter(kind=Picker, only_visible=False))
    return [str(row["title"]) for picker in shown for row in picker.rows]


def picker_of(user: User) -> Picker:
    with user:
        (picker,) = ElementFilter(kind=Picker, only_visible=False)
    return picker


async def test_recordings_are_found_by_looking_for_them(person: User, tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    (folder / "anna").mkdir(parents=True)
    (folder / ".old").mkdir()
    for number in range(12):
        (folder / "anna" / f"{number}.wav").touch()
    await visit(person, "/datasets/anna")
    enter(person, "local-folder", str(folder / "not-there"))
    press(person, even_hidden(person, Button, "browse-local-folder"))
    await until(lambda: titles(person) == ["anna"])
    await person.should_see("1 hidden.")
    enter(person, "hidden-entries", True)
    await until(lambda: titles(person) == [".old", "anna"])
    tell(person, picker_of(person), "pick", "1")
    await person.should_see("12 WAV files in this folder.")
    tell(person, picker_of(person), "up", "")
    await until(lambda: "anna" in titles(person))
    tell(person, picker_of(person), "pick", "99")  # of a list that is gone
    tell(person, picker_of(person), "pick", "1")
    await person.should_see("12 WAV files in this folder.")
    click(person, "Use this folder")
    await until(lambda: value_of(person, "local-folder") == str(folder / "anna"))


async def test_a_folder_that_cannot_be_read_says_so_and_cannot_be_used(
    person: User, tmp_path: Path
) -> None:
    (tmp_path / "gone").mkdir()
    await visit(person, "/datasets/anna")
    enter(person, "local-folder", str(tmp_path))
    press(person, even_hidden(person, Button, "browse-local-folder"))
    await until(lambda: "gone" in titles(person))
    number = str(titles(person).index("gone"))
    (tmp_path / "gone").rmdir()
    tell(person, picker_of(person), "pick", number)
    await person.should_see("This folder cannot be read: it no longer exists.")
    assert only(person, Button, "use-folder").locked


async def test_files_that_go_along_are_chosen_one_after_the_other(
    person: User, tmp_path: Path
) -> None:
    files = [tmp_path / "a.py", tmp_path / "b.py"]
    for file in files:
        file.write_text("print()\n")
    await visit(person, "/train")
    person.find(marker="train-command").trigger("change")
    enter(person, "bring", str(files[0]))
    press(person, even_hidden(person, Button, "browse-bring"))
    await until(lambda: "b.py" in titles(person))
    tell(person, picker_of(person), "pick", str(titles(person).index("b.py")))
    await until(lambda: value_of(person, "bring").splitlines() == [str(file) for file in files])


async def test_a_file_of_sentences_is_chosen_for_reading(person: User, tmp_path: Path) -> None:
    file = tmp_path / "mine.txt"
    file.write_text("One.\nTwo.\n")
    await visit(person, "/record/bert")
    enter(person, "prompt-file", str(file))
    press(person, even_hidden(person, Button, "browse-prompt-file"))
    await until(lambda: "mine.txt" in titles(person))
    tell(person, picker_of(person), "pick", str(titles(person).index("mine.txt")))
    await until(lambda: value_of(person, "prompt-file") == str(file))
    with person:
        assert list(ElementFilter(kind=Field, marker="field-prompt-file", only_visible=False))
