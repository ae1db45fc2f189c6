"""Files of this computer that go along with a run: what is read of them, what stays here, and what is refused."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.domain.brought import Brought
from launcher.recipes.base import Configuration, Plain
from launcher.services.planning.brought.look import (
    Part,
    configured_by,
    look_at_brought,
    part_of,
)
from pod_image.contract.common_settings import CommonSettings
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.knobs import declared
from pod_image.contract.settings import RunSettings
from pod_image.contract.trainer_settings import TrainerConfig

TOKEN = "hf_" + "a1B2" * 9
DASHES = "-" * 5


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that names are read from."""
    folder = tmp_path / "secret-project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return folder


def look(*bring: str, **settings: Any) -> tuple[Brought, tuple[Finding, ...]]:
    values = {"recipe": "command", "argv": ("true",), "bring": bring, **settings}
    return look_at_brought(RunSettings(**values))


def files(*bring: str) -> dict[str, bytes]:
    brought, findings = look(*bring)
    assert not [found.message for found in findings if found.severity is Severity.ERROR]
    return {file.path: file.content for file in brought.files}


def refused(*bring: str, **settings: Any) -> Finding:
    """The one error; nothing goes along then."""
    brought, findings = look(*bring, **settings)
    (error,) = [found for found in findings if found.severity is Severity.ERROR]
    assert brought.files == ()
    return error


def write(path: Path, content: bytes | str = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_a_file_lies_under_its_own_name_or_where_it_is_said_to(here: Path) -> None:
    train = write(here / "train.py")
    assert files("train.py") == {"train.py": b"x"}
    assert files(f"{train}:lib/run.py") == {"lib/run.py": b"x"}
    assert files("train.py:lib/") == {"lib/train.py": b"x"}
    assert files("~/secret-project/train.py") == {"train.py": b"x"}


def test_a_folder_comes_whole_under_its_own_name_another_or_none(here: Path) -> None:
    write(here / "src" / "a.py")
    write(here / "src" / "deep" / "b.py")
    assert set(files("src")) == {"src/a.py", "src/deep/b.py"}
    assert set(files("src/:lib")) == {"lib/a.py", "lib/deep/b.py"}
    assert set(files("src:.")) == {"a.py", "deep/b.py"}
    assert set(files(".")) == {"src/a.py", "src/deep/b.py"}, "the folder's own name stays here"


@pytest.mark.parametrize(
    ("text", "split"),
    [
        ("C:\\work\\train.py", ("C:\\work\\train.py", "")),
        ("c:/work/train.py", ("c:/work/train.py", "")),
        ("C:\\work\\train.py:lib/train.py", ("C:\\work\\train.py", "lib/train.py")),
        ("train.py:lib", ("train.py", "lib")),
        ("a:b", ("a", "b")),
        ("train.py", ("train.py", "")),
    ],
)
def test_the_letter_of_a_drive_is_no_place(text: str, split: tuple[str, str]) -> None:
    from pod_image.contract.brought import split_bring

    assert split_bring(text) == split


@pytest.mark.parametrize("place", ["/work/train.py", "../train.py", "lib/../../x", "a\\..\\..\\b"])
def test_a_place_outside_the_commands_folder_is_refused_by_the_setting(place: str) -> None:
    with pytest.raises(ValueError, match="must be inside the command's folder"):
        look(f"train.py:{place}")


def test_what_programs_left_stays_here_and_is_said(here: Path) -> None:
    write(here / "src" / "train.py")
    for name in (".git/config", "__pycache__/a.pyc", ".venv/bin/python", "node_modules/a/b.js",
                 "env/pyvenv.cfg", "lib/.env/bin/python",
                 ".DS_Store", "Thumbs.db", "lib/.ipynb_checkpoints/x"):  # fmt: skip
        write(here / "src" / name)
    brought, findings = look("src")
    assert [file.path for file in brought.files] == ["src/train.py"]
    (note,) = [found for found in findings if found.code == "brought_left_out"]
    assert str(note.message) == (
        "Not sent from src: .DS_Store, .git, .venv, Thumbs.db, __pycache__ and 4 more."
    )


def test_links_are_followed_inside_the_folder_alone(here: Path) -> None:
    outside = write(here / "outside" / "secret.txt")
    write(here / "src" / "real" / "a.py", "inside")
    write(here / "src" / ".hidden" / "key.txt")
    links = {"file.py": "real/a.py", "folder": "real", "out.txt": str(outside), "up": "../outside",
             "circle": ".", "nowhere": "absent", "hidden.txt": ".hidden/key.txt"}  # fmt: skip
    for name, goal in links.items():
        (here / "src" / name).symlink_to(goal)
    os.mkfifo(here / "src" / "pipe")
    brought, findings = look("src")
    assert {file.path: file.content for file in brought.files} == {
        "src/real/a.py": b"inside",
        "src/file.py": b"inside",
        "src/folder/a.py": b"inside",
    }
    (warned,) = [found for found in findings if found.code == "brought_links"]
    assert str(warned.message).startswith(
        "Not sent from src, because they are links or not files: "
    )
    for name in ("circle", "hidden.txt", "nowhere", "out.txt", "up"):
        assert name in str(warned.message)
    assert "and 1 more" in str(warned.message)


def test_a_file_keeps_that_it_can_be_run(here: Path) -> None:
    write(here / "run.sh").chmod(0o755)
    write(here / "train.py").chmod(0o644)
    brought, _ = look("run.sh", "train.py")
    assert [file.is_executable for file in brought.files] == [True, False]


def test_too_much_is_refused_before_it_is_read_and_says_where_it_belongs(here: Path) -> None:
    with (here / "data.bin").open("wb") as file:
        file.truncate(50_000_001)
    for entry in ("data.bin", "."):
        error = refused(entry)
        assert (error.code, error.setting) == ("brought_large", "bring")
        assert "50.0 MB" in str(error.message)
        assert "dataset" in str(error.hint)


def test_files_that_are_too_large_only_together_are_refused_too(here: Path) -> None:
    for name in ("a", "b"):
        with (here / name).open("wb") as file:
            file.truncate(30_000_000)
    assert "The run would be 60.0 MB to send" in str(refused("a", "b").message)


def test_a_folder_of_very_many_files_is_not_walked_to_its_end(here: Path) -> None:
    for number in range(2_001):
        (here / f"{number}.txt").touch()
    assert refused(".").code == "brought_many"


def test_what_is_not_there_is_said_with_the_folder_that_names_are_read_from(here: Path) -> None:
    error = refused("absent.py")
    assert "absent.py cannot be sent" in str(error.message)
    assert str(here) in str(error.hint)


def test_two_files_for_one_place_are_refused(here: Path) -> None:
    write(here / "a" / "train.py", "one")
    write(here / "b" / "train.py", "another")
    assert "different files would be at train.py" in str(
        refused("a/train.py", "b/train.py").message
    )
    assert set(files("a/train.py", "./a/train.py")) == {"train.py"}
    assert "a file and a folder" in str(refused("a/train.py:lib", "b:lib/b").message)
    assert "cannot be used for your own files" in str(refused("a:.venv").message)


@pytest.mark.parametrize("name", [".env", ".env.local", "prod.env", ".envrc"])
def test_a_file_of_variables_is_refused_and_left_out_of_a_folder(here: Path, name: str) -> None:
    write(here / "src" / name, "MODE=fast")
    write(here / "src" / "train.py")
    assert "--secret" in in_terminal(refused(f"src/{name}").hint)
    brought, findings = look("src")
    assert [file.path for file in brought.files] == ["src/train.py"]
    (warned,) = [found for found in findings if found.code == "brought_env"]
    assert name in str(warned.message)
    assert "--secret" in in_terminal(warned.hint)
    assert set(files("src", "src/train.py")) == {"src/train.py", "train.py"}


def zipped(text: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner/train.py", "first\n" + text)
    return stream.getvalue()


HOLDING: dict[str, tuple[bytes, str]] = {
    "train.py": (f'import os\n\nTOKEN = "{TOKEN}"\n'.encode(), "line 3"),
    "remark.py": (f"# {TOKEN}\n".encode(), "line 1"),
    "login.py": (b'wandb.login(key="0123456789abcdef0123456789abcdef01234567")\n', "line 1"),
    "config.yaml": (b"model: x\npassword: hunter2\n", "line 2"),
    "config.json": (b'{"a": 1,\n "api_key": "a1b2c3d4e5f6"}\n', "line 2"),
    "run.sh": (b"#!/bin/sh\nexport WANDB_API_KEY=0123456789abcdef\n", "line 2"),
    "windows.txt": (f"first\r\nkey {TOKEN}\r\n".encode("utf-16"), "line 2"),
    "turkish.txt": ("İstanbul\nAK".encode() + b"IA" + b"ABCDEFGH12345678\n", "line 2"),
    "data.bin": (b"\0\1\2" * 100 + b'"' + TOKEN.encode() + b'"\0', ""),
    "letters.bin": (b"\0\1\xff" + f" {TOKEN} ".encode("utf-16-le"), ""),
    "data.jsonl": (b'{"text": "' + b"word " * 5_000 + TOKEN.encode() + b'"}', "line 1"),
    "code.zip": (zipped(f"key = '{TOKEN}'"), "inner/train.py line 2"),
    "table.csv.gz": (gzip.compress(TOKEN.encode()), "line 1"),
    "id_ed25519": (b"anything", ""),
    "key.pem": (f"{DASHES}BEGIN RSA PRIVATE KEY{DASHES}\nMII\n".encode(), "line 1"),
    ".netrc": (b"machine huggingface.co login me password x\n", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", HOLDING)
@pytest.mark.promise("secrets-brought")
def test_what_looks_like_a_key_is_refused_with_its_line_and_is_not_quoted(
    here: Path, name: str
) -> None:
    content, where = HOLDING[name]
    write(here / name, content)
    error = refused(name)
    assert error.code == "brought_key"
    assert str(error.message).startswith(
        f"{name} {where}".strip() + " looks like it contains a key"
    )
    assert "--secret" in in_terminal(error.hint)
    said = f"{error.message} {error.hint}"
    assert not any(key in said for key in (TOKEN, "0123456789", "hunter2", "a1b2c3"))


def test_code_that_only_speaks_of_keys_goes_along(here: Path) -> None:
    write(
        here / "train.py",
        """
        parser.add_argument("--hf_token", default=None)
        def login(token: str, api_key: Optional[str] = None, password=password) -> None: ...
        api_key = os.environ["WANDB_API_KEY"]
        CHECKPOINT_KEY = "hyper_parameters"
        hf_token=args.hf_token, secret = get_secret("wandb"), credentials: TokenCredential
        tokenizer.pad_token = tokenizer.eos_token
        sorted(rows, key=lambda row: row.step)
        """,
    )
    assert set(files("train.py")) == {"train.py"}


def test_the_plan_says_how_many_how_large_and_by_which_hash(here: Path) -> None:
    write(here / "b.py", "bb")
    write(here / "a.py", "a")
    brought, findings = look("b.py", "a.py")
    (note,) = findings
    assert note.severity is Severity.NOTE
    assert str(note.message).startswith(
        f"2 files on this computer are sent: a.py, b.py (3 bytes, sha256 {brought.sha256[:16]}…)."
    )
    again, _ = look("a.py", "b.py")
    assert again.sha256 == brought.sha256
    write(here / "a.py", "A")
    assert look("a.py", "b.py")[0].sha256 != brought.sha256
    assert look()[0].sha256 == ""


def test_the_pod_is_told_places_and_no_name_of_this_computer(here: Path) -> None:
    write(here / "reqs" / "all.txt", "trl\n")
    write(here / "lib" / "a.py")
    brought, _ = look("lib:code", "lib/a.py", requirements=str(here / "reqs" / "all.txt"))
    settings = RunSettings(
        recipe="command", argv=("x",), bring=("lib:code",), requirements=str(here / "reqs/all.txt")
    )
    assert brought.settings_on_pod(settings) == {
        "bring": ("code", "a.py"),
        "requirements": ".requirements/all.txt",
    }
    assert Brought().settings_on_pod(settings) == {"bring": (), "requirements": ""}


class WithConfiguration(CommonSettings):
    trainer_config: TrainerConfig = ""


def configured(name: str) -> tuple[dict[str, bytes], Part]:
    """What the setting brings."""
    part = part_of(declared(WithConfiguration)["trainer_config"], name)
    return {file.path: file.content for file in part.files}, part


def test_a_trainers_own_configuration_is_one_file_or_a_folder(here: Path) -> None:
    write(here / "conf" / "config.json", "{}")
    write(here / "conf" / "data" / "backend.json", "[]")
    write(here / "conf" / ".hidden")
    files, part = configured("conf/config.json")
    assert (files, part.place) == ({"config/config.json": b"{}"}, "config/config.json")
    files, part = configured("conf")
    assert set(files) == {"config/config.json", "config/data/backend.json"}
    assert part.place == "config"
    _, part = configured("absent.json")
    assert [(found.code, found.setting) for found in part.findings] == [
        ("brought_absent", "trainer_config")
    ]


class Rewriting(Plain):
    """A recipe that takes the path of this computer out of what it is given."""

    def configuration(self, settings: RunSettings, given: Mapping[str, bytes]) -> Configuration:
        files = {name: content.replace(b"/home/anna", b".") for name, content in given.items()}
        said = Finding(Severity.WARNING, "config_path", f"{len(given)} given.")
        return Configuration({**files, "made.json": b"{}"}, (said,))


def test_a_recipe_makes_its_configuration_of_what_is_given_and_where_nothing_is(
    here: Path,
) -> None:
    write(here / "conf.json", '{"out": "/home/anna/out"}').chmod(0o755)
    settings = RunSettings(recipe="command", argv=("true",))
    _, part = configured("conf.json")
    made = configured_by(Rewriting(), settings, [part])
    assert {file.path: (file.content, file.is_executable) for file in made.files} == {
        "config/conf.json": (b'{"out": "./out"}', True),
        "config/made.json": (b"{}", False),
    }
    assert [str(found.message) for found in made.findings] == ["1 given."]
    nothing = configured_by(Rewriting(), settings, [])
    assert [file.path for file in nothing.files] == ["config/made.json"]


def test_what_the_recipe_makes_goes_along_and_what_it_finds_is_said(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{look_at_brought.__module__}.recipe_of", lambda settings: Rewriting())
    write(here / "train.py")
    brought, findings = look("train.py")
    assert [file.path for file in brought.files] == ["train.py", "config/made.json"]
    assert "0 given." in [str(found.message) for found in findings]
    assert refused("train.py:config/made.json").code == "brought_place"
