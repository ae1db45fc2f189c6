"""Chinese by pinyin: g2pW's files are data, and piper-tts reads by them what we read."""

from __future__ import annotations

import io
import tarfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from pod_image.contract.phoneme_types import PhonemeType
from pod_image.phonemes import PhonemesError
from pod_image.phonemes.phonemizer import Phonemizer
from pod_image.phonemes.pinyin_model import check_model, given_model, lay_out, unpack
from pod_image.phonemes.symbols import symbols_of
from tests.pod_image.phonemes.pinyin import TEXT, packed, write_model

has_packages = pytest.mark.skipif(
    any(find_spec(name) is None for name in PhonemeType.PINYIN.packages),
    reason="the extra pinyin is not installed; `make` installs it",
)
BEARER_OF_BAD_NEWS = "open('{place}', 'w').close()\nwindow_size = 16\nuse_mask = __import__('os')\n"


def run_config(path: Path) -> dict[str, Any]:
    """As piper-tts does with it."""
    found: dict[str, Any] = {}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), found)
    return {name: value for name, value in found.items() if not name.startswith("__")}


def test_the_program_in_a_model_is_never_run_and_its_plain_values_are_kept(tmp_path: Path) -> None:
    place = tmp_path / "was-run"
    files = write_model(tmp_path / "files", BEARER_OF_BAD_NEWS.format(place=place))
    lay_out(files, tmp_path)
    laid = tmp_path / "g2pW"
    assert run_config(laid / "config.py") == {"window_size": 16, "model_source": str(laid)}
    assert not place.exists()
    assert (laid / "g2pw.onnx").read_bytes() == (files / "g2pw.onnx").read_bytes()


def test_an_archive_decides_no_place_and_brings_no_other_file(tmp_path: Path) -> None:
    archive = tmp_path / "model.tar.gz"
    packed(write_model(tmp_path / "files"), archive, below="../../somewhere")
    with tarfile.open(tmp_path / "more.tar.gz", "w:gz") as tar:
        for name in ("/abs/g2pw.onnx", "../evil.py", "deep/vocab.txt"):
            member = tarfile.TarInfo(name)
            member.size = 2
            tar.addfile(member, io.BytesIO(b"no"))
        link = tarfile.TarInfo("POLYPHONIC_CHARS.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        tar.addfile(link)
    unpack(archive, tmp_path / "a")
    unpack(tmp_path / "more.tar.gz", tmp_path / "b")
    assert {path.name for path in (tmp_path / "a").iterdir()} == {
        "g2pw.onnx", "config.py", "vocab.txt", "MONOPHONIC_CHARS.txt", "POLYPHONIC_CHARS.txt",
    }  # fmt: skip
    assert {path.name for path in (tmp_path / "b").iterdir()} == {"g2pw.onnx", "vocab.txt"}
    assert not (tmp_path / "evil.py").exists()


@pytest.mark.parametrize("content", [b"", b"no archive at all", b"\x1f\x8b\x08 cut"])
def test_what_is_no_archive_is_said_with_where_to_get_one(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.tar.gz").write_bytes(content)
    with pytest.raises(PhonemesError, match=r"x\.tar\.gz, cannot be used") as refused:
        unpack(tmp_path / "x.tar.gz", tmp_path / "out")
    assert "g2pw.tar.gz" in str(refused.value.hint)


def test_a_model_that_is_not_whole_is_refused_with_what_it_lacks(tmp_path: Path) -> None:
    files = write_model(tmp_path / "files")
    (files / "MONOPHONIC_CHARS.txt").unlink()
    with pytest.raises(PhonemesError, match=r"lacks MONOPHONIC_CHARS\.txt"):
        lay_out(files, tmp_path)


def test_without_a_model_it_is_said_where_to_name_one_and_nothing_is_fetched(
    tmp_path: Path,
) -> None:
    for beside in (None, tmp_path):
        with pytest.raises(PhonemesError, match="g2pW") as refused:
            check_model(beside)
        assert "LAUNCHER_PINYIN_MODEL" in str(refused.value.hint)
    assert given_model({}) is None


def test_a_given_model_may_be_a_folder_its_parent_or_the_archive(tmp_path: Path) -> None:
    files = write_model(tmp_path / "some" / "g2pW")
    archive = packed(files, tmp_path / "model.tar.gz")
    for place in (files, files.parent, archive):
        beside = given_model({"LAUNCHER_PINYIN_MODEL": str(place)})
        check_model(beside)


@has_packages
def test_piper_tts_reads_by_the_same_model_what_we_read(tmp_path: Path) -> None:
    from piper import PhonemeType as Theirs
    from piper import PiperConfig, PiperVoice

    lay_out(write_model(tmp_path / "files"), tmp_path)
    symbols = symbols_of(PhonemeType.PINYIN)
    config = PiperConfig(
        num_symbols=256,
        num_speakers=1,
        sample_rate=22_050,
        espeak_voice="cmn",
        phoneme_id_map={symbol: [number] for symbol, number in symbols.items()},
        phoneme_type=Theirs.PINYIN,
    )
    voice = PiperVoice(session=None, config=config, download_dir=tmp_path)
    theirs = [voice.phonemes_to_ids(sentence) for sentence in voice.phonemize(TEXT)]
    ours = Phonemizer("cmn", PhonemeType.PINYIN, model_beside=tmp_path)(TEXT)
    assert [list(sentence) for sentence in ours.sentences] == theirs
    assert "".join(s for sentence in ours.symbols for s in sentence).startswith(
        "jin1tian1ni3hao3，"
    )
    assert ours.unknown == frozenset()
