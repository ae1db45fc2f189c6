"""A path that others wrote names a file below its folder, on every system, or it is refused."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pod_image.contract.paths import is_safe_name, safe_path

HOSTILE = (
    *("../x", "a/../../x", "..\\x", "a\\..\\..\\x", "..", "a/..", "/etc/passwd", "\\x", "//host/share/x"),
    *("C:x", "C:\\x", "c:/x", "a/C:x", "\\\\server\\share\\x", "\\\\?\\C:\\x", "\\\\.\\pipe\\x"),
    *("a.wav:hidden", "a.wav::$DATA", "a:b/c.wav"),
    *("CON", "nul", "a/NUL.txt", "aux.tar.gz", "COM1", "lpt9.wav", "com¹", "con .txt", "CONIN$"),
    *("a.", "a ", "a./x", "a /x", "...", "a/. ./x"),
    *("a\0b", "a\nb", "a\tb", "a\x1b[2Jb", "a\x9bb", "a\x7f", "a\u202egpj.exe", "a\u200b", "a\ud800"),
    *("", ".", "/", "./"),
)  # fmt: skip


@pytest.mark.parametrize("path", HOSTILE)
def test_a_path_that_is_no_file_below_its_folder_on_some_system_is_refused(path: str) -> None:
    assert safe_path(path) is None


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("wavs/a.wav", "wavs/a.wav"),
        ("./wavs//a.wav", "wavs/a.wav"),
        ("wavs\\a.wav", "wavs/a.wav"),
        ("console/common/nullable.txt", "console/common/nullable.txt"),
        (".hidden/v1.2", ".hidden/v1.2"),
        ("Größe 日本　語 👩\u200d🚀.wav", "Größe 日本　語 👩\u200d🚀.wav"),
        ("what? (take 2) [x].wav", "what? (take 2) [x].wav"),
    ],
)
def test_an_honest_path_is_kept(path: str, kept: str) -> None:
    assert safe_path(path) == kept


PIECES = st.lists(
    st.one_of(st.sampled_from([*"/\\.: \0", "..", "C:", "con", "NUL.", "a", "b.wav"]), st.text(max_size=3)),
    max_size=8,
).map("".join)  # fmt: skip


@given(PIECES)
def test_what_is_let_through_lies_below_the_folder_for_windows_and_for_posix(text: str) -> None:
    path = safe_path(text)
    if path is None:
        return
    assert safe_path(path) == path
    for root in (PureWindowsPath("D:\\folder"), PurePosixPath("/folder")):
        assert (root / path).is_relative_to(root)
        assert ".." not in (root / path).parts
        assert not (root / path).name.endswith((".", " "))
    windows = PureWindowsPath(path)
    assert (windows.drive, windows.root) == ("", "")
    assert all(is_safe_name(part) for part in windows.parts)
