"""The page of a run shows what its recipe has, and nothing that another one would have."""

from __future__ import annotations

import json

import httpx
import pytest
from fastapi import FastAPI
from nicegui import ElementFilter, ui
from nicegui.testing import User

from launcher.cli.terminal.picture import Picture
from launcher.domain.run import RunState
from launcher.recipes import recipe_of_run, smaller_try_of_run
from launcher.services.common.observations import EventSeen
from launcher.ui.widgets.media import media_url, register_media
from pod_image.contract.outcomes import EndReason
from tests.kit.clocks import NOW
from tests.kit.page_verbs import hrefs, visit
from tests.kit.runs import event, run
from tests.ui.conftest import Ground, place

NONCE = run().nonce
COMMAND = json.dumps({"recipe": "command", "argv": ["true"]})


async def test_a_command_s_page_has_the_steps_and_parts_that_a_command_has(
    person: User, ground: Ground
) -> None:
    place(ground, settings_json=COMMAND)
    await visit(person, f"/runs/{NONCE}")
    await person.should_see("Run the command")
    for words in ("Make the voice file", "Prepare the recordings", "Sample now"):
        await person.should_not_see(words)
    await person.should_see("The command is asked to end now")


async def test_a_voice_s_page_has_those_of_a_voice(person: User, ground: Ground) -> None:
    place(ground, settings_json=json.dumps({"recipe": "piper"}))
    await visit(person, f"/runs/{NONCE}")
    for words in ("Make the voice file", "Prepare the recordings", "Sample now", "Newest samples"):
        await person.should_see(words)


@pytest.mark.parametrize(("settings", "speaks"), [(COMMAND, False), ('{"recipe": "piper"}', True)])
async def test_a_run_that_makes_no_voice_leads_to_none(
    person: User, ground: Ground, settings: str, speaks: bool
) -> None:
    ended = {"state": RunState.ENDED, "end_reason": EndReason.FINISHED, "ended_at": NOW}
    place(ground, settings_json=settings, **ended)
    await visit(person, f"/runs/{NONCE}")
    assert (f"/voice?run={NONCE}" in hrefs(person)) is speaks


def test_the_terminal_tells_a_command_s_work_in_its_own_words() -> None:
    picture = Picture(run=run(settings_json=COMMAND))
    said = picture.see(EventSeen(event("phase", 1, phase="train", state="started")))
    assert said == "train: the command runs"
    step = EventSeen(event("step", 2, step=3, losses={"accuracy": 0.5, "mel": 9.0}))
    assert "loss 0.500" in picture.see(step)


def test_a_run_of_a_recipe_that_is_not_here_is_shown_plainly() -> None:
    of_a_later_release = json.dumps({"recipe": "chess", "batch_size": 8})
    assert not recipe_of_run(of_a_later_release).shown.has_samples
    assert smaller_try_of_run(of_a_later_release) is None


async def test_pictures_and_texts_of_a_command_are_shown_by_step(
    person: User, ground: Ground
) -> None:
    one = place(ground, settings_json=COMMAND)
    view = ground.site.live.view(one)
    made = {
        "files/out/cat_step_10.png": "image",
        "files/out/cat_step_20.png": "image",
        "files/out/dog_step_20.mp4": "video",
        "files/out/said_step_20.txt": "text",
    }
    uploaded = [
        {"path": f"{one.run_id}/{path}", "size_bytes": 9, "sha256": "0" * 64} for path in made
    ]
    view.take(event("upload", 1, commit="abc", files=uploaded))
    for seq, (path, media) in enumerate(made.items(), start=2):
        step = 10 if "_10" in path else 20
        view.take(event("sample", seq, step=step, path=path, text=path[10:14], media=media))
    await visit(person, f"/runs/{NONCE}?tab=samples")
    await person.should_see("Output")
    await person.should_not_see("Play all")
    with person:
        sources = [one.props["src"] for one in ElementFilter(kind=ui.element) if "src" in one.props]
    shown = {f"/media/{NONCE}/{path}" for path in made}
    assert shown <= {*map(str, sources), *hrefs(person)}


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.png", "image/png"), ("b.WEBM", "video/webm"), ("c.svg", ""), ("d.html", "")],
)
async def test_a_browser_is_given_a_sample_and_told_to_run_nothing_of_it(
    ground: Ground, name: str, kind: str
) -> None:
    one = place(ground, settings_json=COMMAND)
    file = ground.site.config.results_folder / one.results_repo / one.run_id / "files" / name
    file.parent.mkdir(parents=True)
    file.write_bytes(b"x")
    outer = FastAPI()
    register_media(ground.site, outer)
    transport = httpx.ASGITransport(outer)
    async with httpx.AsyncClient(transport=transport, base_url="http://form") as client:
        answer = await client.get(media_url(one, f"files/{name}"))
    assert answer.status_code == (200 if kind else 404)
    if kind:
        assert answer.headers["content-type"] == kind
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("sandbox")
