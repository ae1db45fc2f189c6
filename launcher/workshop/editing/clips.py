"""What a person does to the clips of a dataset: each is one edit, carried out alone and kept to be undone. Blocking."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from launcher.config import private_files
from launcher.errors import InvalidRequest
from launcher.workshop.changing import changing
from launcher.workshop.editing.edits import (
    Edit,
    EditKind,
    Swap,
    TableMoved,
    dropped,
    merged,
    text_swaps,
)
from launcher.workshop.editing.journal import Journal, read_journal
from launcher.workshop.editing.sound import Sound, cut, joined, kept_name, read_sound, write_sound
from launcher.workshop.table import (
    Line,
    one_cell,
    read_lines,
    touch_record,
)
from pod_image.contract.figures import counted
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.dataset import FolderSource
from pod_image.dataset.names import FileNames


@dataclass(frozen=True)
class History:
    """What can be undone and done again; empty where there is nothing."""

    undo: str = ""
    redo: str = ""


@contextmanager
def opened(folder: Path) -> Iterator[Journal]:
    """The dataset's journal, with its lock held and whatever a crash broke off carried to its end."""
    with changing(folder), private_files(folder):
        journal = read_journal(folder)
        journal.finish()
        yield journal


def history(folder: Path) -> History:
    """What undo and redo would do now."""
    journal = read_journal(folder)
    done, undone = journal.last_done, journal.last_undone
    return History(done.what if done else "", undone.what if undone else "")


def mend(folder: Path) -> None:
    """Carry to its end what a crash broke off."""
    if read_journal(folder).state.doing is not None:
        with opened(folder):
            pass


def set_text(
    folder: Path, file: str, at: float, *, text: str | None = None, speaker: str | None = None
) -> Line:
    """Change what is said in a clip, or who says it; None leaves it, an empty speaker removes it."""
    with opened(folder) as journal:
        lines = read_lines(folder)
        number = line_number(lines, file, folder.name)
        old = lines[number]
        new = old
        if text is not None:
            new = replace(new, text=one_cell(text))
        if speaker is not None:
            new = replace(new, speaker=one_cell(speaker) or None)
        if new != old:
            edit = Edit(
                EditKind.TEXT, f"the text of {_short(old)}", at, (Swap(number, (old,), (new,)),)
            )
            last = journal.last_done
            both = merged(last, edit) if last else None
            if both is not None and last is not None:
                journal.replace_last(both)
            else:
                _do(journal, edit)
            touch_record(folder, at)
        return new


def set_texts(folder: Path, texts: Mapping[str, tuple[str, str]], what: str, at: float) -> int:
    """New texts by file, each with the one it takes the place of; returns how many.

    InvalidRequest, with nothing changed, when one of them is not there any more.
    """
    with opened(folder) as journal:
        lines = read_lines(folder)
        there = {line.file: line.text for line in lines}
        for file, (before, _) in texts.items():
            if there.get(file) != before:
                raise InvalidRequest(
                    f"The text of {file} was changed meanwhile.",
                    hint="Look at the changes again; nothing was changed.",
                )
        swaps = text_swaps(lines, {file: one_cell(after) for file, (_, after) in texts.items()})
        if swaps:
            _do(journal, Edit(EditKind.TEXT, what, at, swaps))
            touch_record(folder, at)
        return len(swaps)


def leave_out(folder: Path, files: Collection[str], at: float) -> int:
    """Take clips out, line and sound; they can be brought back. All of them must be there; returns how many."""
    with opened(folder) as journal:
        lines = read_lines(folder)
        doomed = {line_number(lines, file, folder.name) for file in files}
        if not doomed:
            return 0
        sounds = _Sounds(folder)
        kept = {sounds.find(each) for number, each in enumerate(lines) if number not in doomed}
        found = (sounds.find(lines[number]) for number in sorted(doomed))
        paths = tuple("" if path is None or path in kept else path for path in found)
        takes = tuple(dict.fromkeys(path for path in paths if path))
        first = _short(lines[min(doomed)])
        what = f"leaving out {first if len(doomed) == 1 else counted(len(doomed), 'clip')}"
        _do(journal, Edit(EditKind.DROP, what, at, dropped(lines, doomed), takes, paths=paths))
        touch_record(folder, at)
        return len(doomed)


def trim(folder: Path, file: str, start: float, end: float, at: float) -> Line:
    """Keep of a clip what lies between `start` and `end`, in seconds."""
    with opened(folder) as journal:
        lines = read_lines(folder)
        number, line, path = _clip(folder, lines, file)
        sound = cut(read_sound(folder / path), start, end)
        taken = _Taken(folder, lines, freed=[path])
        new_path = kept_name(path) if kept_name(path) == path else taken.free(kept_name(path))
        new = line if new_path == path else replace(line, file=new_path)
        edit = Edit(
            EditKind.TRIM, f"trimming {_short(line)}", at,
            (Swap(number, (line,), (new,)),), (path,), (new_path,),
        )  # fmt: skip
        _do(journal, edit, {new_path: sound})
        touch_record(folder, at)
        return new


def split(
    folder: Path, file: str, seconds: float, texts: tuple[str, str], at: float
) -> tuple[Line, Line]:
    """Two clips of one, divided at `seconds`, each with its text."""
    with opened(folder) as journal:
        lines = read_lines(folder)
        number, line, path = _clip(folder, lines, file)
        whole = read_sound(folder / path)
        sounds = (cut(whole, 0.0, seconds), cut(whole, seconds, whole.seconds))
        taken = _Taken(folder, lines, freed=[])
        stem, _, ending = kept_name(path).rpartition(".")
        paths = [taken.free(f"{stem}-{letter}.{ending}") for letter in "ab"]
        parts = tuple(
            replace(line, file=name, text=one_cell(text))
            for name, text in zip(paths, texts, strict=True)
        )
        edit = Edit(
            EditKind.SPLIT, f"splitting {_short(line)}", at,
            (Swap(number, (line,), parts),), (path,), tuple(paths),
        )  # fmt: skip
        _do(journal, edit, dict(zip(paths, sounds, strict=True)))
        touch_record(folder, at)
        return parts[0], parts[1]


def join_with_next(folder: Path, file: str, at: float) -> Line:
    """One clip of this one and the one below it in the table: sound after sound, text after text."""
    with opened(folder) as journal:
        lines = read_lines(folder)
        number, line, path = _clip(folder, lines, file)
        if number + 1 == len(lines):
            raise InvalidRequest(f"{line.file} is the last clip.", hint="Choose the one before it.")
        _, other, next_path = _clip(folder, lines, lines[number + 1].file)
        if other.speaker != line.speaker:
            raise InvalidRequest(
                f"{line.file} and {other.file} are of different speakers.",
                hint="A clip has one speaker.",
            )
        if next_path == path:
            raise InvalidRequest(
                f"{line.file} is in the table twice.", hint="Leave one of the two lines out first."
            )
        sound = joined([read_sound(folder / each) for each in (path, next_path)])
        taken = _Taken(folder, lines, freed=[path, next_path])
        new_path = kept_name(path) if kept_name(path) == path else taken.free(kept_name(path))
        text = one_cell(f"{line.text} {other.text}")
        new = replace(line, text=text, file=line.file if new_path == path else new_path)
        edit = Edit(
            EditKind.JOIN, f"joining {_short(line)} and {_short(other)}", at,
            (Swap(number, (line, other), (new,)),), (path, next_path), (new_path,),
        )  # fmt: skip
        _do(journal, edit, {new_path: sound})
        touch_record(folder, at)
        return new


def undo(folder: Path, at: float) -> Edit:
    """Undo the last edit. InvalidRequest when there is none, or when others changed its lines since."""
    with opened(folder) as journal:
        if not journal.state.done:
            raise InvalidRequest(
                f"There is nothing to undo in {folder.name}.", hint=_WHAT_IS_UNDONE
            )
        return _back_or_forth(journal, journal.undo, at)


def redo(folder: Path, at: float) -> Edit:
    """Do again what was undone last. InvalidRequest when there is nothing, or when others changed its lines since."""
    with opened(folder) as journal:
        if not journal.state.undone:
            raise InvalidRequest(
                f"There is nothing to redo in {folder.name}.", hint=_WHAT_IS_UNDONE
            )
        return _back_or_forth(journal, journal.redo, at)


_WHAT_IS_UNDONE = (
    "Texts, trims, splits, joins and clips left out can be undone, the last one first."
)


def line_number(lines: Sequence[Line], file: str, dataset: str) -> int:
    """The line of a clip by its path, its file name, or that without its ending. InvalidRequest if there is none."""
    for number, line in enumerate(lines):
        if file == line.file:
            return number
    for number, line in enumerate(lines):
        name_only = line.file.rsplit("/", 1)[-1]
        if file == name_only or name_only == file.rsplit("/", 1)[-1].rsplit(".", 1)[0]:
            return number
    raise InvalidRequest(
        f"{dataset} has no clip {file}.",
        hint=Sentence(NextStep.SHOW_DATASET.of(dataset), " lists its clips."),
    )


def carry_out(journal: Journal, edit: Edit, sounds: Mapping[str, Callable[[Path], None]]) -> int:
    """Write the new sound aside, then do the edit; returns its number."""
    number = journal.begin()
    for path, write in sounds.items():
        target = journal.sound_after(number, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        write(target)
    journal.do(number, edit)
    return number


def _do(journal: Journal, edit: Edit, sounds: Mapping[str, Sound] | None = None) -> None:
    carry_out(journal, edit, {path: _writer(sound) for path, sound in (sounds or {}).items()})


def _writer(sound: Sound) -> Callable[[Path], None]:
    return lambda path: write_sound(path, sound)


def _back_or_forth(journal: Journal, step: Callable[[], Edit], at: float) -> Edit:
    try:
        edit = step()
    except TableMoved as exc:
        raise InvalidRequest(
            f"The line of {exc} has been changed since: that cannot be undone or redone.",
            hint="The audio that was set aside is kept. Edit the line by hand.",
        ) from exc
    touch_record(journal.folder, at)
    return edit


def _clip(folder: Path, lines: Sequence[Line], file: str) -> tuple[int, Line, str]:
    """(number of its line, the line, path of its sound). InvalidRequest when either is missing."""
    number = line_number(lines, file, folder.name)
    path = _Sounds(folder).find(lines[number])
    if path is None:
        raise InvalidRequest(
            f"The sound of {lines[number].file} is missing, or lies outside of the dataset.",
            hint="Leave the clip out, or put its file into the dataset's folder.",
        )
    return number, lines[number], path


class _Sounds:
    """The files of clips. One in a folder that is a link to elsewhere is none of ours to move."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._resolved = folder, folder.resolve()
        self._is_ours: dict[Path, bool] = {}
        self._names = FileNames(FolderSource(folder, follows_links=True).entries())

    def find(self, line: Line) -> str | None:
        path = self._names.find(line.file)
        if path is None:
            return None
        parent = (self._folder / path).parent
        if parent not in self._is_ours:
            self._is_ours[parent] = parent.resolve().is_relative_to(self._resolved)
        return path if self._is_ours[parent] else None


class _Taken:
    """Names that a new clip may not have: every file that is there, and every line."""

    def __init__(self, folder: Path, lines: Sequence[Line], freed: Sequence[str]) -> None:
        self._names = {
            entry.path.casefold() for entry in FolderSource(folder, follows_links=True).entries()
        }
        self._names |= {line.file.casefold() for line in lines}
        self._names -= {path.casefold() for path in freed}

    def free(self, name: str) -> str:
        """This name, or the next one like it."""
        stem, _, ending = name.rpartition(".")
        free, number = name, 1
        while free.casefold() in self._names:
            number += 1
            free = f"{stem}-v{number}.{ending}"
        self._names.add(free.casefold())
        return free


def _short(line: Line) -> str:
    return line.file.rsplit("/", 1)[-1]
