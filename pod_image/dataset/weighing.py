"""Tables beside each other: those that agree are read together, of those that contradict somebody chooses."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from pod_image.contract.findings import Finding
from pod_image.contract.next_steps import NextStep, Said, Sentence
from pod_image.dataset.findings import Code
from pod_image.dataset.matching import Match, Matched

TABLE_NAMES = (
    "metadata.csv", "metadata.jsonl", "metadata.txt", "metadata.tsv", "transcripts.csv",
    "transcripts.txt", "transcripts.tsv", "transcript.txt", "line_index.tsv", "train.jsonl",
    "train.csv", "filelist.txt",
)  # fmt: skip


@dataclass
class Choice:
    """The tables that are read, with their files, and those left aside, with why."""

    read: list[Matched] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    """Tables with transcripts that are not read: an error if clips go unused for it."""
    others: dict[str, str] = field(default_factory=dict)
    """Files that might have been tables and are none, with why."""
    of_corpora: set[str] = field(default_factory=set)
    """Tables of known corpora, by the name that they are read under: nothing ranks above these."""
    spare: set[str] = field(default_factory=set)
    is_persons: bool = False
    """Somebody said which tables count: what else is there is left alone."""

    def find(self, code: Code, place: str, message: str, hint: Said) -> None:
        self.findings.append(code.finding(place, message, hint))


def rank_of(path: str) -> int:
    """Known names of tables first, in their order; all others are alike."""
    name = path.rsplit("/", 1)[-1].lower()
    return TABLE_NAMES.index(name) if name in TABLE_NAMES else len(TABLE_NAMES)


def weigh(tables: Sequence[Matched], choice: Choice) -> None:
    """Tables that agree are read together. Where two contradict, somebody has to say which of them is right."""
    owners: dict[str, tuple[Match, Matched]] = {
        match.path: (match, matched)
        for matched in choice.read
        for match in matched.matches
        if match.path
    }
    undecided: set[str] = set()
    absent: set[str] = set()
    for matched in sorted(tables, key=lambda each: (rank_of(each.path), -each.leading, each.path)):
        against = _contradicted(matched, owners)
        if against is not None:
            mine, other = against
            _say_contradiction(matched, mine, *other, choice)
            undecided.add(matched.path)
            is_settled = other[1].path in choice.of_corpora
            if not is_settled and rank_of(other[1].path) == rank_of(matched.path):
                undecided.add(other[1].path)
            else:
                choice.find(
                    Code.TABLE_IGNORED, matched.path, f"{other[1].path} is read instead of this table.",
                    "Keep one table, or remove the other.",
                )  # fmt: skip
            continue
        new = [match for match in matched.matches if not _is_known(match, owners, absent)]
        if matched.matches and not any(match.leads for match in new) and owners:
            choice.find(
                Code.TABLE_IGNORED, matched.path, "Everything in this table is in another one too.",
                "Nothing to do.",
            )  # fmt: skip
            continue
        choice.read.append(Matched(matched.table, new))
        owners.update({match.path: (match, matched) for match in new if match.path})
        absent.update(match.row.file for match in new if match.path is None)
    choice.read = [each for each in choice.read if each.path not in undecided]


def _is_known(
    match: Match, owners: dict[str, tuple[Match, Matched]], absent: Collection[str]
) -> bool:
    return match.path in owners if match.path else match.row.file in absent


def _contradicted(
    matched: Matched, owners: dict[str, tuple[Match, Matched]]
) -> tuple[Match, tuple[Match, Matched]] | None:
    for match in matched.matches:
        other = owners.get(match.path) if match.path else None
        if other is not None and _spoken(match) != _spoken(other[0]):
            return match, other
    return None


def _spoken(match: Match) -> list[str]:
    return match.row.text.split()


def _say_contradiction(
    matched: Matched, mine: Match, other: Match, others: Matched, choice: Choice
) -> None:
    choice.find(
        Code.TABLES_DIFFER, matched.path,
        f"{others.path} and {matched.path} give {mine.path} different texts: "
        f"{_short(other.row.text)} and {_short(mine.row.text)}.",
        _which_one(others, matched, choice),
    )  # fmt: skip


def _which_one(others: Matched, matched: Matched, choice: Choice) -> Said:
    mine = NextStep.SET.of("table", matched.path)
    if others.path in choice.of_corpora:
        return Sentence("If this table is right, ", mine, "; otherwise move it out of the dataset.")
    return Sentence(
        "Say which one is right: ", NextStep.SET.of("table", others.path), " or ", mine, "."
    )


def _short(text: str) -> str:
    return f"“{text[:40]}{'…' * (len(text) > 40)}”"
