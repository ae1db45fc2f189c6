"""Published voices: those that fit first and why, asked for once a day, without a token, and known offline."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from launcher.emulator.hub.faults import Rule, refused
from launcher.errors import HubError, InvalidRequest
from launcher.recipes.piper.voice_bases import BASES
from launcher.recipes.published_voices import read_voices
from launcher.services.choosing.lists import listing
from launcher.services.choosing.option import Listing, Option
from launcher.services.choosing.published_voices import (
    SAMPLE_BYTES,
    licence_of,
    published_voices,
    sample_file,
)
from pod_image.contract.settings import SETTINGS
from tests.kit.choices import (
    SOUND,
    THORSTEN,
    THORSTEN_CHECKPOINT,
    found,
    publish_piper,
    published_list,
    voice_row,
)
from tests.services.choosing.conftest import Desk

BASE = SETTINGS["base_checkpoint"]
GERMAN = {"language": "de_DE", "quality": "medium"}


def said(seen: Listing) -> str:
    return " ".join(map(str, seen.notes))


async def bases(desk: Desk, **values: str) -> tuple[Option, ...]:
    return (await listing(desk.bench(), BASE, {**GERMAN, **values})).options


async def test_the_voice_of_the_language_and_size_comes_first_with_the_reason(desk: Desk) -> None:
    publish_piper(desk.core)
    first, *rest = await bases(desk)
    assert first.value == f"datasets/rhasspy/piper-checkpoints/{THORSTEN_CHECKPOINT}"
    assert first.is_best
    assert first.reason == (
        "Fits best: it speaks German (Germany) and has the size medium, as yours will."
    )
    assert first.title == "thorsten · German (Germany)"
    assert first.marks == ("medium",)
    assert "CC0" in first.detail
    assert first.sound == THORSTEN
    assert not any(each.is_best for each in rest)
    by_value = {each.sound: each for each in rest}
    assert "another accent" in by_value["de_AT-anna-medium"].reason
    assert "Another language" in by_value["pl_PL-gosia-medium"].reason
    assert "no voice of the size medium can start" in by_value["de_DE-thorsten-high"].reason
    assert rest[0].sound == "de_AT-anna-medium"
    assert [each.sound for each in rest[-2:]] == ["de_DE-kerstin-low", "de_DE-thorsten-high"]


async def test_a_voice_without_a_checkpoint_is_started_from_as_it_is(desk: Desk) -> None:
    publish_piper(desk.core)
    gosia = next(each for each in await bases(desk) if each.sound == "pl_PL-gosia-medium")
    assert gosia.value == "rhasspy/piper-voices/pl/pl_PL/gosia/medium/pl_PL-gosia-medium.onnx"
    assert gosia.detail.startswith("63.2 MB")


async def test_where_none_speaks_the_language_the_first_says_so(desk: Desk) -> None:
    publish_piper(desk.core)
    first, *_ = await bases(desk, language="cy_GB")
    assert "None of this size speaks Welsh (United Kingdom)." in first.reason


async def test_it_is_asked_once_kept_for_a_day_and_needs_no_token(desk: Desk) -> None:
    publish_piper(desk.core)
    with_refused_token = desk.bench("no-such-token", "no-such-token")
    await listing(with_refused_token, BASE, GERMAN)
    asked = len(desk.calls)
    assert asked <= 3
    desk.clock.moment += timedelta(hours=23)
    await listing(desk.bench(), BASE, GERMAN)
    assert len(desk.calls) == asked
    desk.clock.moment += timedelta(hours=2)
    await listing(desk.bench(), BASE, GERMAN)
    assert len(desk.calls) == 2 * asked
    assert all(row.token is None or row.token == "" for row in desk.core.log), desk.core.log[0]


async def test_offline_our_own_table_is_offered_and_it_is_said(desk: Desk) -> None:
    desk.core.faults.add(Rule(".*", times=1_000, refusal=refused(503, "down")))
    seen = await listing(desk.bench(), BASE, GERMAN)
    assert len(seen.options) == len(BASES)
    assert seen.options[0].value.endswith(THORSTEN_CHECKPOINT)
    assert "is not available" in said(seen)
    assert "you can type the path" in said(seen)


async def test_offline_the_list_of_before_is_offered_with_its_date(desk: Desk) -> None:
    publish_piper(desk.core)
    await listing(desk.bench(), BASE, GERMAN)
    desk.clock.moment += timedelta(days=3)
    desk.core.faults.switch_on("rate-limited")
    seen = await listing(desk.bench(), BASE, GERMAN)
    assert "pl_PL-gosia-medium" in [each.sound for each in seen.options]
    assert "the list of 01 March 2026" in said(seen)


async def test_a_list_that_cannot_be_read_is_not_kept_for_a_day(desk: Desk) -> None:
    publish_piper(desk.core, b"<html>maintenance</html>")
    bench = desk.bench()
    seen = await listing(bench, BASE, GERMAN)
    assert len(seen.options) == len(BASES)
    assert "is not a list of voices" in said(seen)
    assert not (bench.config.published_folder / "voices.json").exists()


async def test_a_file_that_somebody_broke_is_asked_for_again(desk: Desk) -> None:
    publish_piper(desk.core)
    bench = desk.bench()
    await listing(bench, BASE, GERMAN)
    for broken in ("{", '{"version": 1, "at": "2026-03-01T12:00:00+00:00", "content": [{"a": 1}]}'):
        (bench.config.published_folder / "voices.json").write_text(broken)
        seen = await listing(bench, BASE, GERMAN)
        assert seen.options[0].sound == THORSTEN


ODD: tuple[tuple[str, Any], ...] = (
    ("../../etc/passwd", {}),
    ("de_DE-x-medium", "no row"),
    ("de_DE-y-medium", {"files": 3, "num_speakers": True}),
    ("de_DE-z-medium", {"files": {"de/de_DE/z/medium/de_DE-z-medium.onnx": {"size_bytes": -1}}}),
)


def test_what_is_no_voice_in_a_strangers_list_is_left_out() -> None:
    read = read_voices(published_list(THORSTEN, **dict(ODD)))
    assert {each.key for each in read} == {THORSTEN, "de_DE-y-medium", "de_DE-z-medium"}
    assert {(each.speakers, each.onnx_bytes) for each in read if each.key != THORSTEN} == {(1, 0)}
    assert read_voices(b"[]") == read_voices(b"\xff{") == ()


async def test_the_licence_is_read_from_the_card_once_a_day(desk: Desk) -> None:
    publish_piper(desk.core)
    bench = desk.bench()
    assert (await licence_of(bench, THORSTEN)).startswith("CC0")
    asked = len(desk.calls)
    assert (await licence_of(bench, THORSTEN)).startswith("CC0")
    assert len(desk.calls) == asked
    assert await licence_of(bench, "pl_PL-gosia-medium") == ""
    with pytest.raises(InvalidRequest):
        await licence_of(bench, "../secret")


async def test_a_sound_is_fetched_once_and_its_absence_is_no_error(desk: Desk) -> None:
    publish_piper(desk.core)
    bench = desk.bench()
    file = await sample_file(bench, THORSTEN)
    assert file is not None
    assert file.read_bytes() == SOUND
    asked = len(desk.calls)
    assert await sample_file(bench, THORSTEN) == file
    assert len(desk.calls) == asked
    assert await sample_file(bench, "pl_PL-gosia-medium") is None
    for odd in ("../../x", "de_DE-nobody-medium", ""):
        with pytest.raises(InvalidRequest):
            await sample_file(bench, odd)
    desk.core.faults.switch_on("rate-limited")
    with pytest.raises(HubError):
        await sample_file(bench, "en_US-amy-medium")


async def test_an_endless_sound_is_none(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_piper(desk.core)
    monkeypatch.setattr("launcher.services.choosing.published_voices.SAMPLE_BYTES", len(SOUND) - 1)
    assert len(SOUND) < SAMPLE_BYTES
    assert await sample_file(desk.bench(), THORSTEN) is None


async def test_who_shall_speak_is_chosen_with_the_repo_it_lies_in(desk: Desk) -> None:
    publish_piper(desk.core)
    seen = await listing(desk.bench(), SETTINGS["teacher_file"], GERMAN)
    first = seen.options[0]
    assert first.value.startswith("de/de_DE/")
    assert first.value.endswith(".onnx")
    assert first.also == {"teacher_repo": "rhasspy/piper-voices"}
    assert "as yours will" in first.reason


async def test_voices_of_a_list_are_chosen_by_their_names(desk: Desk) -> None:
    publish_piper(desk.core)
    seen = await listing(desk.bench(), SETTINGS["wake_voices"], {})
    assert {each.value for each in seen.options} >= {THORSTEN, "en_US-libritts_r-medium"}
    assert {each.reason for each in seen.options} == {""}
    (many,) = found(seen.options, "libritts english")
    assert "904 speakers" in many.detail


async def test_a_list_of_thousands_is_bounded(desk: Desk) -> None:
    many = {
        f"de_DE-v{number}-medium": voice_row(f"de_DE-v{number}-medium") for number in range(2_500)
    }
    publish_piper(desk.core, published_list(THORSTEN, **many))
    assert len((await published_voices(desk.bench())).voices) == 2_000
