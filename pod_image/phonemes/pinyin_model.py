"""g2pW's files, by which piper-tts reads Chinese as pinyin: laid out so that nothing of them is executed.

piper-tts runs the `config.py` of a model as a program. So the one that it finds is always written here, from plain
values of the one that came, and it names the vocabulary beside it, where piper-tts would fetch one from the Hub.
"""

from __future__ import annotations

import ast
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path
from shutil import copyfileobj
from tempfile import mkdtemp

from pod_image.phonemes.phonemes_error import PhonemesError

FOLDER = "g2pW"
"""Where piper-tts looks, below the folder that it is told."""
MODEL = "g2pw.onnx"
VOCABULARY = "vocab.txt"
VARIABLE = "LAUNCHER_PINYIN_MODEL"
_CONFIG = "config.py"
_NEEDED = (MODEL, "POLYPHONIC_CHARS.txt", "MONOPHONIC_CHARS.txt")
_TABLES = (
    "bopomofo_to_pinyin_wo_tune_dict.json",
    "char_bopomofo_dict.json",
    "bert-base-chinese_s2t_dict.txt",
)
"""Come with the package g2pw otherwise."""
_TAKEN = (*_NEEDED, *_TABLES, VOCABULARY, _CONFIG)
_SETTINGS = {"window_size": int, "batch_size": int, "use_mask": bool, "use_char_phoneme": bool}
_MOST_CONFIG_BYTES = 1 << 20
_MOST_BYTES = 2 << 30
_SOURCE = "datasets/rhasspy/piper-checkpoints, zh/zh_CN/_resources/g2pw.tar.gz"


def unpack(archive: Path, into: Path) -> None:
    """Take g2pW's files out of a `.tar.gz`, each by its own name: nothing in it says where it is written.

    Raises PhonemesError.
    """
    into.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(archive, "r:gz") as tar:
            _take(tar, into)
    except FileNotFoundError:
        raise _unusable(archive.name, "it does not exist") from None
    except (OSError, EOFError, tarfile.TarError) as exc:
        raise _unusable(archive.name, f"it cannot be unpacked ({type(exc).__name__})") from exc


def lay_out(files: Path, beside: Path, vocabulary: Path | None = None) -> None:
    """Make `beside/g2pW` of the files of a model. Raises PhonemesError when some are not there."""
    absent = [name for name in _NEEDED if not (files / name).is_file()]
    if absent:
        raise _unusable(files.name, f"it lacks {' and '.join(absent)}")
    folder = beside / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name in (*_NEEDED, *_TABLES):
        if (files / name).is_file() and not (folder / name).exists():
            (folder / name).symlink_to((files / name).absolute())
    words = vocabulary or files / VOCABULARY
    source = {}
    if words.is_file():
        (folder / VOCABULARY).unlink(missing_ok=True)
        (folder / VOCABULARY).symlink_to(words.absolute())
        source = {"model_source": str(folder.absolute())}
    lines = [f"{name} = {value!r}" for name, value in {**_settings_in(files), **source}.items()]
    (folder / _CONFIG).write_text("\n".join(lines) + "\n", encoding="utf-8")


def given_model(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The model that this machine's LAUNCHER_PINYIN_MODEL names, laid out; None without one. Raises PhonemesError."""
    named = environment.get(VARIABLE, "")
    if not named:
        return None
    files = Path(named).expanduser()
    beside = Path(mkdtemp(prefix="launcher-pinyin-"))
    if files.is_file():
        unpack(files, beside / "files")
        files = beside / "files"
    elif (files / FOLDER).is_dir():
        files = files / FOLDER
    lay_out(files, beside)
    return beside


def check_model(beside: Path | None) -> None:
    """PhonemesError where there is no model laid out: piper-tts would fetch one, and run what is in it."""
    if beside is None or not (beside / FOLDER / _CONFIG).is_file():
        raise PhonemesError(
            "Reading Chinese by pinyin needs the model g2pW, which is not on this computer.",
            hint=f"Fetch it ({_SOURCE}) and name it, or the folder of its files, in {VARIABLE}.",
        )


def _take(tar: tarfile.TarFile, into: Path) -> None:
    left = _MOST_BYTES
    for member in tar:
        name = Path(member.name).name
        content = tar.extractfile(member) if member.isfile() and name in _TAKEN else None
        if content is None:
            continue
        left -= member.size
        if left < 0:
            raise tarfile.TarError("too large")
        with (into / name).open("wb") as file:
            copyfileobj(content, file)


def _settings_in(files: Path) -> dict[str, int]:
    """Those of its `config.py` that are read, as far as they are plain values; the text is never run."""
    try:
        with (files / _CONFIG).open("rb") as file:
            tree = ast.parse(file.read(_MOST_CONFIG_BYTES))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    found: dict[str, int] = {}
    for each in tree.body:
        if isinstance(each, ast.Assign) and isinstance(each.value, ast.Constant):
            value = each.value.value
            names = [target.id for target in each.targets if isinstance(target, ast.Name)]
            if isinstance(value, int):
                found |= {name: value for name in names if _SETTINGS.get(name) is type(value)}
    return found


def _unusable(name: str, why: str) -> PhonemesError:
    return PhonemesError(
        f"The model for pinyin, {name}, cannot be used: {why}.",
        hint=f"Use the archive that piper-tts uses ({_SOURCE}).",
    )
