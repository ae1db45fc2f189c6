"""The end of a run on its page: what it made is told as it was checked, can be heard, taken along and used."""

from __future__ import annotations

import asyncio
import json
import wave
import zipfile
from hashlib import sha256
from io import BytesIO
from typing import Any

import pytest
from nicegui import ElementFilter, ui
from nicegui.testing import User

from launcher.domain.run import Run, RunState
from launcher.errors import HubError
from launcher.services.voices.delivered import fetch_description, fetch_voice, voices_of_run
from launcher.ui.pages.run import delivered_now
from launcher.ui.widgets.elements import Button, Text
from launcher.ui.widgets.inputs import Field, Player
from pod_image.contract.outcomes import EndReason
from tests.browser.pods import tone
from tests.kit.clocks import NOW
from tests.kit.page_verbs import enter, hrefs, only, press, until, visit
from tests.kit.runs import event, run
from tests.kit.tiny_voice import RATE_HZ, WHO, tiny_voice
from tests.ui.conftest import Ground, place

NONCE = run().nonce
ENDED = {
    "state": RunState.ENDED,
    "end_reason": EndReason.FINISHED,
    "ended_at": NOW,
    "results_repo": "demo/voice",
    "cost_usd": 0.74,
}
VOICE = f"run-01/voice/{WHO.stem}.onnx"
SENTENCE = "A good map is worth more than a fast horse."
RECORDINGS = {
    "samples/reference.wav": SENTENCE,
    "samples/reference-02.wav": "By noon the sun will be out.",
}


def files(speakers: tuple[str, ...] = ()) -> dict[str, bytes]:
    """What a run that made a voice left, by path in the repo."""
    found = {f"run-01/voice/{name}": body for name, body in tiny_voice().items()}
    if speakers:
        ids = {name: number for number, name in enumerate(speakers)}
        described = {**WHO.to_json(), "num_speakers": len(speakers), "speaker_id_map": ids}
        found[f"{VOICE}.json"] = json.dumps(described).encode()
    recorded = {f"run-01/{path}": tone(300.0) for path in RECORDINGS}
    more = {"samples/step-00001200/01.wav": tone(), "checkpoints/step-00001200.ckpt": b"weights"}
    return {**found, **recorded, **{f"run-01/{path}": body for path, body in more.items()}}


def ended(ground: Ground, reason: str = "finished", /, **changes: Any) -> Run:
    """The run as its pod told of it up to the end, with what it delivered in the repo."""
    left = changes.pop("left", files())
    missing = changes.pop("missing", ())
    recordings = changes.pop("recordings", RECORDINGS)
    if left:
        ground.push_results(left, "demo/voice")
    one = place(ground, **{**ENDED, "end_reason": EndReason(reason), **changes})
    listed = [
        {"path": path, "size_bytes": len(body), "sha256": sha256(body).hexdigest()}
        for path, body in left.items()
    ]
    view = ground.site.live.view(one)
    if left:
        view.take(event("checkpoint", 1, step=1200, path="checkpoints/step-00001200.ckpt", size_bytes=9))  # fmt: skip
        spoken = {"step": 1200, "path": "samples/step-00001200/01.wav", "text": "Hello."}
        view.take(event("sample", 2, seconds=0.4, **spoken))
        for seq, (path, text) in enumerate(recordings.items(), start=3):
            told = {"step": 0, "path": path, "text": text, "kind": "reference"}
            view.take(event("sample", seq, **told))
        view.take(event("upload", 8, commit="abc", files=listed))
    view.take(
        event("ended", 9, reason=reason, delivered_count=len(left), not_delivered=list(missing),
              not_delivered_count=len(missing))
    )  # fmt: skip
    return one


def title(user: User) -> str:
    return only(user, Text, "gift-title").text


async def test_a_run_that_made_its_voice_begins_with_that_and_says_what_was_checked(
    holder: User, ground: Ground
) -> None:
    ended(ground)
    await visit(holder, f"/runs/{NONCE}")
    assert title(holder) == "Your voice is ready"
    await holder.should_see("All 6 files are in the results repo and were checked there.")
    await holder.should_see("$0.74")
    await holder.should_see("1,200")
    assert {f"/train?again={NONCE}&resume=1", f"/voice?run={NONCE}"} <= hrefs(holder)


@pytest.mark.parametrize(
    ("reason", "begins"),
    [
        ("stopped", "Your voice is ready"),
        ("time_cap", "The run ended early; this is the voice of step 1,200"),
        ("trainer_died", "The run ended early; this is the voice of step 1,200"),
    ],
)
async def test_an_end_before_its_time_is_told_with_the_step_of_its_voice(
    holder: User, ground: Ground, reason: str, begins: str
) -> None:
    ended(ground, reason)
    await visit(holder, f"/runs/{NONCE}")
    assert title(holder) == begins
    await holder.should_see(EndReason(reason).sentence)


async def test_a_voice_beside_which_files_are_missing_is_not_called_whole(
    holder: User, ground: Ground
) -> None:
    ended(ground, missing=["run-01/checkpoints/step-00001200.ckpt"])
    await visit(holder, f"/runs/{NONCE}")
    assert title(holder) == "Your voice is ready"
    await holder.should_see("1 of 7 files did not reach the results repo")
    await holder.should_not_see("All 6 files")


async def test_what_was_delivered_is_said_once(holder: User, ground: Ground) -> None:
    ended(ground, "time_cap")
    await visit(holder, f"/runs/{NONCE}")
    assert title(holder).startswith("The run ended early")
    await holder.should_see("The time cap was reached.")
    with holder:
        texts = [str(one.text) for one in ElementFilter(kind=Text)]
    assert len([one for one in texts if "All 6 files are in the results repo" in one]) == 1


async def test_a_run_that_left_nothing_says_so_and_offers_no_voice(
    holder: User, ground: Ground
) -> None:
    ended(ground, "aborted", left={})
    await visit(holder, f"/runs/{NONCE}")
    assert title(holder) == "Nothing was delivered"
    await holder.should_not_see("Have it say something")
    await holder.should_see("Train again with these settings")


async def test_a_checkpoint_without_a_voice_is_called_that_and_trained_on_from(
    holder: User, ground: Ground
) -> None:
    ended(ground, "failed", left={"run-01/checkpoints/step-00001200.ckpt": b"weights"})
    await visit(holder, f"/runs/{NONCE}")
    assert title(holder) == "There is no voice, but a checkpoint of step 1,200"
    assert f"/train?again={NONCE}&resume=1" in hrefs(holder)


async def test_of_results_in_a_folder_no_token_is_asked_for(
    person: User, ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise HubError("The folder cannot be read.")

    monkeypatch.setattr(delivered_now, "list_results", away)
    folder = str(ground.site.config.data_folder / "voices")
    one = place(ground, **{**ENDED, "results_repo": folder})
    ground.site.live.view(one).take(event("ended", 1, reason="finished", delivered_count=3))
    await visit(person, f"/runs/{NONCE}")
    assert title(person) == "What the run delivered is not known here"
    await person.should_not_see("Enter the Hugging Face token")


async def test_files_that_were_only_counted_are_not_called_nothing(
    person: User, ground: Ground
) -> None:
    one = place(ground, **ENDED)
    ground.site.live.view(one).take(event("ended", 1, reason="finished", delivered_count=3))
    await visit(person, f"/runs/{NONCE}")
    assert title(person) == "What the run delivered is not known here"
    await person.should_see("All 3 files are in the results repo and were checked there.")


async def test_a_voice_that_was_deleted_since_is_not_offered(holder: User, ground: Ground) -> None:
    ended(ground)
    ground.delete_results(VOICE, f"{VOICE}.json", repo="demo/voice")
    await visit(holder, f"/runs/{NONCE}")
    await until(lambda: title(holder) == "The voice is gone")
    await holder.should_not_see("Have it say something")


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ({}, "Only what the run reported is in demo/voice, such as its log."),
        ({"run-01/notes.txt": b"of an earlier attempt"}, "1 file of it is in demo/voice"),
    ],
)
async def test_a_run_that_failed_at_once_is_told_by_what_the_repo_has(
    holder: User, ground: Ground, more: dict[str, bytes], line: str
) -> None:
    one = ended(
        ground, "failed", left={"run-01/log.txt": b"It failed.", "run-01/run.json": b"{}", **more}
    )
    ground.site.live.view(one).take(event("ended", 10, reason="failed", delivered_count=0))
    await visit(holder, f"/runs/{NONCE}")
    await holder.should_see(line, retries=100)
    await holder.should_not_see("It left no files to deliver.")


async def test_a_voice_that_was_replaced_since_is_not_called_checked(
    holder: User, ground: Ground
) -> None:
    ended(ground)
    ground.push_results({VOICE: tiny_voice()[f"{WHO.stem}.onnx"] + b"\x72\x00"}, "demo/voice")
    await visit(holder, f"/runs/{NONCE}")
    await holder.should_see("was replaced in the results repo after the run ended", retries=100)


async def test_the_voice_says_what_is_typed_and_comes_here_for_that(
    holder: User, ground: Ground
) -> None:
    pytest.importorskip("piper")
    ended(ground)
    await visit(holder, f"/runs/{NONCE}")
    enter(holder, "gift-text", "Good morning.")
    press(holder, only(holder, Button, "gift-speak"))
    await holder.should_see("“Good morning.”", retries=400)
    with holder:
        (player,) = [one for one in ElementFilter(kind=Player) if "/spoken/" in one._props["src"]]
    answer = await ground.answer(str(player._props["src"]))
    with wave.open(BytesIO(answer.content)) as sound:
        assert sound.getframerate() == RATE_HZ
    assert (ground.site.config.results_folder / "demo/voice" / VOICE).is_file()


async def test_a_voice_that_is_wanted_several_times_at_once_comes_whole(
    holder: User, ground: Ground
) -> None:
    one = ended(ground)
    session = await ground.site.sessions.of(holder.tab_id)
    (voice,) = await voices_of_run(session.bench, one)
    wanted = [fetch_voice, fetch_description] * 4
    found = await asyncio.gather(*(bring(session.bench, one, voice) for bring in wanted))
    assert {path.read_bytes() for path in found} == {tiny_voice()[f"{WHO.stem}.onnx"]}


async def test_without_the_extra_the_page_says_how_to_get_it_and_offers_no_speaking(
    holder: User, ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("launcher.services.voices.speaking.find_spec", lambda name: None)
    ended(ground)
    await visit(holder, f"/runs/{NONCE}")
    await holder.should_see("needs the extra “audio”")
    await holder.should_see('pip install "pod-launcher[audio]"')
    await holder.should_see("“Hello.”")
    with holder:
        assert not list(ElementFilter(kind=Button, marker="gift-speak"))
        assert not list(ElementFilter(kind=Button, marker="listening-start"))


async def test_speakers_are_offered_by_name_before_the_voice_is_here(
    holder: User, ground: Ground
) -> None:
    ended(ground, left=files(("anna", "bob")))
    await visit(holder, f"/runs/{NONCE}")
    await until(lambda: bool(only_visible(holder, "field-gift-speaker")))
    (speaker,) = only_visible(holder, "field-gift-speaker")
    assert [one["label"] for one in speaker._props["options"]] == ["anna", "bob"]
    assert not (ground.site.config.results_folder / "demo/voice" / VOICE).exists()
    await holder.should_see("0 is anna, 1 is bob")


def only_visible(user: User, marker: str) -> list[Field]:
    with user:
        return list(ElementFilter(kind=Field, marker=marker, only_visible=True))


async def test_the_download_is_one_zip_for_all_three_programs(holder: User, ground: Ground) -> None:
    ended(ground)
    await visit(holder, f"/runs/{NONCE}")
    press(holder, only(holder, Button, "gift-download"))
    await holder.should_see(f"{WHO.stem}.zip", retries=200)
    (made,) = [one for one in hrefs(holder) if one.startswith("/spoken/")]
    answer = await ground.answer(made)
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(BytesIO(answer.content)) as bundle:
        names = {name.partition("/")[2] for name in bundle.namelist()}
    assert names == {f"{WHO.stem}.onnx", f"{WHO.stem}.onnx.json", "tokens.txt", "HOW-TO.txt"}


async def test_each_program_has_its_steps_with_commands_to_copy(
    holder: User, ground: Ground
) -> None:
    ended(ground)
    await visit(holder, f"/runs/{NONCE}")
    for words in ("Use it with Home Assistant", "Use it with Piper", "Use it with sherpa-onnx"):
        await holder.should_see(words, retries=100)
    await holder.should_see(f"--vits-model={WHO.stem}.onnx")
    await holder.should_see("/share/piper")


async def test_a_public_run_of_somebody_else_is_heard_without_any_key(
    person: User, ground: Ground
) -> None:
    ended(ground, is_from_repo=True, pod_id="", told_pod_id="far-away")
    await visit(person, f"/runs/{NONCE}")
    assert title(person) == "Your voice is ready"
    await person.should_see("Use it with Piper", retries=100)
    assert f"/train?again={NONCE}&resume=1" not in hrefs(person)


async def test_a_private_run_without_a_key_asks_for_it_beside_what_its_pod_said(
    person: User, ground: Ground
) -> None:
    ended(ground)
    ground.make_private("demo/voice")
    await visit(person, f"/runs/{NONCE}")
    assert title(person) == "Your voice is ready"
    await person.should_see("demo/voice is private", retries=100)


def pair(user: User) -> dict[str, str]:
    """Where the sounds of a pair are, by letter."""
    with user:
        return {
            str(one._props["label"]): str(one._props["src"])
            for one in ElementFilter(kind=Player)
            if one._props["label"] in ("A", "B")
        }


async def recording_in(ground: Ground, user: User) -> str:
    """The letter that is the recording: told by its length alone, which is what a listener may not be told."""
    frames = {}
    for letter, src in pair(user).items():
        with wave.open(BytesIO((await ground.answer(src)).content)) as sound:
            frames[letter] = sound.getnframes()
    with wave.open(BytesIO(tone(300.0))) as recorded:
        (letter,) = [one for one, count in frames.items() if count == recorded.getnframes()]
    return letter


async def test_the_blind_test_tells_which_was_which_after_the_choice_and_keeps_a_tally(
    holder: User, ground: Ground
) -> None:
    pytest.importorskip("piper")
    ended(ground)
    await visit(holder, f"/runs/{NONCE}")
    press(holder, only(holder, Button, "listening-start"))
    await holder.should_see("Sentence 1 of 2", retries=400)
    await holder.should_not_see("is the voice.")
    right = await recording_in(ground, holder)
    wrong = "B" if right == "A" else "A"
    press(holder, only(holder, Button, f"listening-{wrong}"))
    await holder.should_see(f"{right} is the recording, {wrong} is the voice.")
    await holder.should_see("You took the voice for the recording in 1 of 1.")
    press(holder, only(holder, Button, "listening-next"))
    await holder.should_see("Sentence 2 of 2", retries=400)
    press(holder, only(holder, Button, f"listening-{await recording_in(ground, holder)}"))
    await holder.should_see("You took the voice for the recording in 1 of 2.")
    await visit(holder, f"/runs/{NONCE}")  # it outlives the page
    await holder.should_see("You took the voice for the recording in 1 of 2.")


async def test_nothing_of_a_pair_tells_which_is_which_before_the_choice(
    holder: User, ground: Ground
) -> None:
    pytest.importorskip("piper")
    ended(ground)
    await visit(holder, f"/runs/{NONCE}")
    press(holder, only(holder, Button, "listening-start"))
    await holder.should_see("Sentence 1 of 2", retries=400)
    assert set(pair(holder)) == {"A", "B"}
    kinds = set()
    for src in pair(holder).values():
        answer = await ground.answer(src)
        with wave.open(BytesIO(answer.content)) as sound:
            kinds.add((sound.getframerate(), sound.getnchannels(), sound.getsampwidth()))
        assert "reference" not in src
        assert "reference" not in str(answer.headers)
    assert kinds == {(RATE_HZ, 1, 2)}
    with holder:
        players = [one for one in ElementFilter(kind=Player) if one._props["label"] in ("A", "B")]
        assert not any("seconds" in one._props for one in players)


async def test_where_no_recording_was_kept_no_comparison_is_offered(
    holder: User, ground: Ground
) -> None:
    left = {path: body for path, body in files().items() if "reference" not in path}
    ended(ground, left=left, recordings={})
    await visit(holder, f"/runs/{NONCE}")
    await holder.should_see("kept no recording of a sentence")
    with holder:
        assert not list(ElementFilter(kind=Button, marker="listening-start"))


async def test_of_a_sentence_of_one_s_own_it_is_said_that_nobody_recorded_it(
    holder: User, ground: Ground
) -> None:
    pytest.importorskip("piper")
    ended(ground)
    await visit(holder, f"/runs/{NONCE}")
    for text, is_recorded in (("Bread.", False), (SENTENCE, True)):
        enter(holder, "gift-text", text)
        press(holder, only(holder, Button, "gift-speak"))
        await holder.should_see(f"“{text}”", retries=400)
        words = f"There is no recording of “{text}”"
        await (holder.should_not_see(words) if is_recorded else holder.should_see(words))


@pytest.mark.parametrize(
    ("recipe", "path", "begins"),
    [
        ("llm-lora", "files/adapter_model.safetensors", "Your adapter is ready"),
        ("command", "files/out/table.csv", "Your files are ready"),
    ],
)
async def test_other_recipes_show_what_they_make(
    holder: User, ground: Ground, recipe: str, path: str, begins: str
) -> None:
    left = {f"run-01/{path}": b"made"}
    ended(ground, left=left, settings_json=json.dumps({"recipe": recipe}))
    await visit(holder, f"/runs/{NONCE}")
    assert title(holder) == begins
    await holder.should_see(path)
    await holder.should_not_see("Have it say something")
    press(holder, only(holder, Button, "gift-fetch"))
    await holder.should_see("1 file, 4 bytes", retries=100)
    assert (ground.site.config.results_folder / "demo/voice/run-01" / path).read_bytes() == b"made"


async def test_nothing_of_it_is_shown_while_the_run_goes_on(holder: User, ground: Ground) -> None:
    one = place(ground, results_repo="demo/voice")
    await visit(holder, f"/runs/{NONCE}")
    with holder:
        assert not list(ElementFilter(kind=Text, marker="gift-title"))
    ground.site.history.update(one, state=RunState.ENDED, end_reason=EndReason.LOST, ended_at=NOW)
    await until(lambda: bool(_titles(holder)))


def _titles(user: User) -> list[ui.element]:
    with user:
        return list(ElementFilter(kind=Text, marker="gift-title"))
