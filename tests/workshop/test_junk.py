"""Whatever bytes lie in a dataset's folder, the check answers with findings and the reader with clips or one error."""

from __future__ import annotations

import random
import zipfile
from pathlib import Path

import pytest

from launcher.cli.documents.datasets import check_document
from launcher.cli.terminal.output import json_text
from launcher.workshop.check import CheckSettings
from launcher.workshop.page import report_page
from pod_image.dataset import Clip, DatasetError, read_dataset
from tests.kit.dataset_files import tarred, wav, write, zipped
from tests.workshop.checking import check_folder

CLIP = wav(0.6)
FLAC = Path("launcher/demo/clips/wavs/clip_10.flac").read_bytes()
TABLES = (
    b"a|Hello there.\nb|Bye now.\n",
    "file|speaker|text\na|x|Héllo\n".encode("utf-16"),
    b'{"file": "a", "text": "x"}\n',
    b'file_name,text\na.wav,"x\n',
    b"\x00|\x00\n|||\n|a|\n",
    b"a|" + b"\xff" * 50,
    "\ufeffa|x\r\nb|\u200fy\r".encode(),
)
SHARDS = (
    zipped({"c.wav": CLIP}),
    zipped({"c.wav": CLIP}, zipfile.ZIP_DEFLATED),
    tarred({"c.wav": CLIP}),
    tarred({"c.wav": CLIP}, "w:gz"),
)


def damaged(chance: random.Random, content: bytes) -> bytes:
    """The content with a few bytes changed, and often with its end cut off."""
    changed = bytearray(content)
    for _ in range(chance.randrange(6)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed[: chance.randrange(len(changed))] if chance.random() < 0.4 else changed)


@pytest.mark.parametrize("seed", range(30))
async def test_junk_gives_findings_and_no_traceback(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    table = chance.choice(["metadata.csv", "metadata.jsonl", "x.tsv"])
    shard = chance.choice(["s.zip", "s.tar", "s.tar.gz", "p.parquet"])
    write(
        tmp_path,
        {
            table: damaged(chance, chance.choice(TABLES)),
            "wavs/a.wav": damaged(chance, CLIP),
            "wavs/b.flac": damaged(chance, FLAC),
            shard: damaged(chance, chance.choice(SHARDS)),
            "README.md": damaged(chance, b"---\nlicense: mit\n---\n"),
        },
    )
    report = await check_folder(tmp_path, CheckSettings(speakers=None))
    assert json_text(check_document(report))
    assert report_page(report).endswith("</html>\n")
    assert usable_clips(tmp_path) or report.errors


def usable_clips(folder: Path) -> list[Clip]:
    """None where the reader refuses the whole with its own error; anything else it raises fails the test."""
    try:
        clips = read_dataset(folder).clips
    except DatasetError:
        return []
    return [clip for clip in clips if clip.path.is_file() and clip.text]
