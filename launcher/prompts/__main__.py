"""Chooses the sentences to read of each language's pool: `python -m launcher.prompts --write`.

Without `--write` it says what they cover. Needs the extra `audio`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from launcher.prompts.choosing import choose, coverage, nearly_the_same
from launcher.prompts.diphones import Unit, foreign_voices, is_diphone, unit_reader
from launcher.prompts.sets import LANGUAGES, PromptLanguage


def chosen_of(language: PromptLanguage) -> tuple[str, ...]:
    """The sentences that the pool as it is now gives. ImportError without the extra."""
    pool = language.pool()
    read = unit_reader(language.espeak_voice)
    return tuple(pool[index] for index in choose([read(text) for text in pool], language.count))


def covered_by(language: PromptLanguage, chosen: Sequence[str]) -> float:
    """How much of the pool's frequent diphones, by how often they come, the sentences have: 0 to 1."""
    read = unit_reader(language.espeak_voice)

    def diphones(texts: Sequence[str]) -> list[list[Unit]]:
        return [[unit for unit in read(text) if is_diphone(unit)] for text in texts]

    return coverage(diphones(language.pool()), diphones(chosen))


def faults_of(language: PromptLanguage) -> list[str]:
    """What is wrong with the sentences of a pool, one line each."""
    pool = language.pool()
    alike = [f"nearly the same: {one} / {other}" for one, other in nearly_the_same(pool)]
    foreign = foreign_voices(language.espeak_voice, pool)
    return alike + [f"read as {voice}: {text}" for text, voice in foreign.items()]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m launcher.prompts")
    parser.add_argument("--write", action="store_true", help="write the sets again")
    is_writing = parser.parse_args(argv).write
    faults = 0
    for language in LANGUAGES.values():
        for fault in faults_of(language):
            faults += 1
            print(f"{language.code}: {fault}", file=sys.stderr)
        chosen = chosen_of(language)
        if is_writing:
            language.set_path.write_text("".join(f"{text}\n" for text in chosen), "utf-8")
        parts = [n for n in (30, 50, 100, 200) if n <= len(chosen)]
        said = ", ".join(f"{n}: {100 * covered_by(language, chosen[:n]):.1f} %" for n in parts)
        print(f"{language.code}: {len(chosen)} of {len(language.pool())}; {said}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
