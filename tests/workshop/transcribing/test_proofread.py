"""Texts that are not what is said are found by scoring them, named with what is heard, and moved where they belong."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from launcher.errors import InvalidRequest
from launcher.workshop.transcribing.proofread import Proof, proofread
from launcher.workshop.transcribing.repair import repair, undo_repair
from pod_image.dataset import FolderSource
from tests.kit.dataset_files import wav
from tests.kit.recognisers import Aligner, TableRecogniser, demo_sound, demo_texts

NAMES = tuple(demo_texts())
TEXTS = [demo_texts()[name] for name in NAMES]


def dataset(folder: Path, texts: Mapping[str, str]) -> Path:
    (folder / "wavs").mkdir(parents=True)
    for name in texts:
        shutil.copy(demo_sound(name), folder / "wavs" / name)
    lines = [f"{name.removesuffix('.flac')}|{text}\n" for name, text in texts.items()]
    (folder / "metadata.csv").write_text("".join(lines), "utf-8")
    return folder


def with_texts(folder: Path, changed: Mapping[int, str]) -> Path:
    """The demo's clips with these texts in place of their own, by number from 0."""
    texts = [changed.get(number, text) for number, text in enumerate(TEXTS)]
    return dataset(folder, dict(zip(NAMES, texts, strict=True)))


def read(folder: Path, **more: Any) -> Proof:
    return proofread(FolderSource(folder), TableRecogniser.of_demo(**more), jobs=2)


def found(proof: Proof) -> list[tuple[str, str]]:
    return [(str(each.code), each.place) for each in proof.findings]


def test_right_texts_are_left_alone(tmp_path: Path) -> None:
    proof = read(with_texts(tmp_path, {}))
    assert proof.findings == ()
    assert (proof.rows, proof.compared, proof.language) == (12, 12, "en")
    assert min(proof.least.values()) == 0.9


def test_a_swapped_pair_is_found_and_changes_places_and_the_undo_puts_it_back(
    tmp_path: Path,
) -> None:
    folder = with_texts(tmp_path, {1: TEXTS[7], 7: TEXTS[1]})
    before = (folder / "metadata.csv").read_bytes()
    proof = read(folder)
    assert found(proof) == [
        ("text-swapped", "metadata.csv line 2"),
        ("text-swapped", "metadata.csv line 8"),
    ]
    assert repair(folder, proof.moves).moved == 2
    assert read(folder).findings == ()
    undo_repair(folder)
    assert (folder / "metadata.csv").read_bytes() == before
    with pytest.raises(InvalidRequest, match="no repair to undo"):
        undo_repair(folder)


def test_a_slip_of_many_lines_is_one_finding_with_one_repair(tmp_path: Path) -> None:
    """A line went missing: from the fifth clip on each has the text of the next one."""
    folder = with_texts(
        tmp_path, {row: TEXTS[row + 1] for row in range(4, 11)} | {11: "Lost words."}
    )
    proof = read(folder)
    assert found(proof)[0] == ("text-shifted", "metadata.csv line 6")
    assert [code for code, _ in found(proof)].count("text-shifted") == 1
    repair(folder, proof.moves)
    after = [line.split("|")[1] for line in (folder / "metadata.csv").read_text().splitlines()]
    assert after[5:] == TEXTS[5:]
    assert after[4] == ""


def test_a_wrong_word_is_named_with_what_is_heard(tmp_path: Path) -> None:
    proof = read(with_texts(tmp_path, {2: TEXTS[2].replace("warm", "cold")}))
    (finding,) = proof.findings
    assert (str(finding.code), finding.place) == ("text-words", "metadata.csv line 3")
    assert "“cold” is not heard" in str(finding.message)
    assert TEXTS[2] in str(finding.message)
    assert proof.moves == ()


def test_a_text_that_ends_too_early_is_found_by_the_last_word(tmp_path: Path) -> None:
    early = " ".join(TEXTS[3].split()[:-2])
    proof = read(with_texts(tmp_path, {3: early}))
    assert found(proof) == [("text-ends-early", "metadata.csv line 4")]
    assert "“the bus”" in str(proof.findings[0].message)


def test_another_text_that_stands_nowhere_is_an_error(tmp_path: Path) -> None:
    proof = read(with_texts(tmp_path, {5: "Nobody ever spoke these words aloud."}))
    assert found(proof) == [("text-other", "metadata.csv line 6")]
    assert len(proof.errors) == 1


def test_a_recogniser_that_does_not_hear_the_voice_calls_no_text_wrong(tmp_path: Path) -> None:
    """It is not sure of anything it hears itself, and a quarter of the texts seem wrong to it."""
    wrong = dict.fromkeys((1, 4, 7), "Nobody ever spoke these words.")
    proof = read(with_texts(tmp_path, wrong), understands=0.4)
    assert not proof.hears_well
    assert found(proof) == [("voice-unheard", "")]
    assert "metadata.csv line 2" in str(proof.findings[0].message)
    assert proof.moves == ()


def test_many_wrong_texts_are_told_where_it_is_sure_of_what_it_hears(tmp_path: Path) -> None:
    wrong = dict.fromkeys((1, 4, 7, 9), "Nobody ever spoke these words.")
    proof = read(with_texts(tmp_path, wrong))
    assert [code for code, _ in found(proof)] == ["text-other"] * 4


def test_what_cannot_be_compared_is_counted_with_why(tmp_path: Path) -> None:
    folder = with_texts(tmp_path, {})
    (folder / "wavs" / "blip.wav").write_bytes(wav(0.2))
    with (folder / "metadata.csv").open("a") as table:
        table.write("blip|A word.\n")
    proof = read(folder)
    assert (proof.rows, proof.compared) == (13, 12)
    assert "blip.wav lasts 0.2 s" in proof.left_out[0]


def test_a_table_that_changed_meanwhile_is_not_repaired(tmp_path: Path) -> None:
    folder = with_texts(tmp_path, {1: TEXTS[7], 7: TEXTS[1]})
    proof = read(folder)
    table = folder / "metadata.csv"
    table.write_text(table.read_text().replace(TEXTS[7], "Mended by hand.", 1))
    before = table.read_bytes()
    with pytest.raises(InvalidRequest, match="not as it was"):
        repair(folder, proof.moves)
    assert table.read_bytes() == before


def test_real_sound_is_told_from_another_text_by_an_aligner(tmp_path: Path) -> None:
    folder = with_texts(tmp_path, {1: TEXTS[7], 7: TEXTS[1]})
    proof = proofread(FolderSource(folder), Aligner(), jobs=1)
    assert found(proof) == [
        ("text-swapped", "metadata.csv line 2"),
        ("text-swapped", "metadata.csv line 8"),
    ]
