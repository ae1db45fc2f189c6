"""A tokenizer that lacks its first merge is mended in memory; one that cannot be mended is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import tokenizers

from pod_image.hearing.hearing_error import HearingError
from pod_image.hearing.tokenizer_check import whole_tokenizer

PIECES = ["Ġ", "t", "h", "e", "Ġt", "he", "Ġthe"]
MERGES = [["Ġ", "t"], ["h", "e"], ["Ġt", "he"]]


def tokenizer_file(folder: Path, merges: list[Any]) -> Path:
    """Of the kind that Whisper's are: pieces of bytes, and merges in order."""
    document: dict[str, Any] = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
        "post_processor": None,
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {
            "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "",
            "end_of_word_suffix": "", "fuse_unk": False, "byte_fallback": False,
            "vocab": {piece: number for number, piece in enumerate(PIECES)}, "merges": merges,
        },
    }  # fmt: skip
    path = folder / "tokenizer.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def tokens(tokenizer: Any) -> int:
    return len(tokenizer.encode(" the", add_special_tokens=False).ids)


def test_a_whole_tokenizer_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tokenizer_file(tmp_path, MERGES)
    whole = tokenizers.Tokenizer.from_file(str(path))
    assert whole_tokenizer(whole, path) is whole


@pytest.mark.parametrize("as_text", [False, True])
def test_a_missing_first_merge_is_put_back_in_memory_alone(tmp_path: Path, as_text: bool) -> None:
    merges = [" ".join(each) for each in MERGES] if as_text else MERGES
    path = tokenizer_file(tmp_path, merges[1:])
    before = path.read_bytes()
    broken = tokenizers.Tokenizer.from_file(str(path))
    assert tokens(broken) > 1
    assert tokens(whole_tokenizer(broken, path)) == 1
    assert path.read_bytes() == before


def test_one_that_stays_broken_is_refused(tmp_path: Path) -> None:
    path = tokenizer_file(tmp_path, MERGES[1:2])
    with pytest.raises(HearingError, match="incomplete") as refused:
        whole_tokenizer(tokenizers.Tokenizer.from_file(str(path)), path)
    assert "texts cannot be scored" in str(refused.value.hint)
