"""What is done on a page before it is looked at: a click, a text, a wait for what comes of it."""

from __future__ import annotations

import re
from typing import Any

from tests.browser.pods import Act
from tests.kit.checkout import DEMO_CLIPS

FOLLOWED = Act(steps=240, checkpoint_at=(12, 24, 36, 48))
"""What the pod of the run does that is started here."""


def what_mattered(page: Any) -> None:
    page.get_by_text("How much of the difference").wait_for(timeout=60_000)


def wrong_key(page: Any) -> None:
    page.get_by_label("RunPod API key").first.fill("hf_in_the_wrong_place")
    page.get_by_role("button", name="Use this key: RunPod API key").click()
    page.get_by_text("Not a key").wait_for()


def refused_key(page: Any) -> None:
    page.get_by_label("RunPod API key").first.fill("rpa_demo_key_that_is_refused")
    page.get_by_role("button", name="Use this key: RunPod API key").click()
    page.get_by_text("Refused", exact=True).wait_for()


def queue_add(page: Any) -> None:
    page.get_by_role("button", name="Add a run from the Train page…").click()
    page.get_by_label("Highest price").wait_for()


def new_study(page: Any) -> None:
    page.get_by_role("button", name="New study…").click()
    page.get_by_text("More about how it searches", exact=True).click()
    page.get_by_label("Compare every").scroll_into_view_if_needed()


def add_to_study(page: Any) -> None:
    page.get_by_role("button", name="Add to the study…").click()
    page.get_by_label("A trial of your own").wait_for()


def every_key_state(page: Any) -> None:
    opened(page)
    refused_key(page)
    page.get_by_label("Hugging Face token to read").first.fill("rpa_in_the_wrong_place")
    page.get_by_role("button", name="Use this key: Hugging Face token to read").click()
    page.get_by_text("Not a key").wait_for()


def train_a_command(page: Any) -> None:
    page.get_by_role("radio", name="A command of your own").check()
    page.get_by_label("Outputs", exact=True).wait_for()


def bad_value(page: Any) -> None:
    page.get_by_text("Change single values", exact=True).click()
    _fill_bad_value(page)


def _fill_bad_value(page: Any) -> None:
    page.locator("#field-batch_size").fill("1000")
    page.locator("#field-batch_size").blur()
    page.locator("#field-batch_size-error").wait_for()


def everything_wrong(page: Any) -> None:
    opened(page)
    _fill_bad_value(page)
    page.get_by_role("button", name="Check everything").click()
    page.get_by_text("not valid: “").first.wait_for()


def opened(page: Any) -> None:
    for one in page.locator("details > summary").all():
        one.click()


def check(page: Any) -> None:
    page.locator("#field-results_repo").fill("demo/voice")
    page.locator("#field-results_repo").blur()
    page.get_by_role("button", name="Check everything").click()
    page.get_by_text("Ready", exact=True).wait_for()


def check_empty(page: Any) -> None:
    page.get_by_role("button", name="Back to the preset").click()  # from what another state typed
    page.locator("#field-results_repo").fill("")
    page.locator("#field-results_repo").blur()
    page.wait_for_timeout(400)
    page.get_by_role("button", name="Check everything").click()
    page.get_by_text("Missing:").first.wait_for()


def confirm(page: Any) -> None:
    check(page)
    page.get_by_role("button", name="Rent and start…").click()
    page.get_by_text("The exact requests").click()


def rented(page: Any) -> None:
    """A run that this window has started and follows, with some checkpoints behind it."""
    check(page)
    page.get_by_role("button", name="Rent and start…").click()
    page.get_by_role("button", name=re.compile("Rent and start, ")).click()
    page.wait_for_url(re.compile("/runs/"))
    page.get_by_text(f"Step {FOLLOWED.checkpoint_at[-1]}", exact=True).first.wait_for(
        timeout=240_000
    )


def cancelled(page: Any) -> None:
    page.get_by_role("button", name="Cancel run", exact=True).click()
    page.get_by_role("button", name="Cancel run now").click()
    page.get_by_text("cancelled", exact=True).wait_for()


def make_clips(page: Any) -> None:
    page.get_by_text("Use a folder on this computer").click()
    page.locator("#field-local-folder").fill(str(DEMO_CLIPS))
    page.locator("#field-local-folder").blur()
    page.get_by_role("button", name="Use these recordings").click()
    page.get_by_text("2 · Transcripts").wait_for(timeout=60_000)
    page.get_by_role("button", name="Check").click()
    page.locator(".waiting").wait_for(state="detached", timeout=60_000)


def read_ours(page: Any) -> None:
    if page.get_by_role("button", name="Read these").first.is_visible():
        page.get_by_role("button", name="Read these").first.click()
    page.locator(".recorder").wait_for()


def no_microphone(page: Any) -> None:
    read_ours(page)
    page.get_by_role("button", name="Turn the microphone on").click()
    page.get_by_text("No microphone was found.").wait_for()
    opened(page)


def clips(page: Any) -> None:
    page.locator(".clip-list-row").first.wait_for()
    page.get_by_role("slider", name="Start of the part kept").press("PageUp")
    page.get_by_role("button", name="Check", exact=True).click()
    page.get_by_text("Listening to the clips…").wait_for(state="detached", timeout=60_000)


def clips_replaced(page: Any) -> None:
    page.get_by_role("button", name="Replace…").click()
    page.locator("#field-replace-words").fill("the")
    page.get_by_text("transcripts would change.").wait_for()


def clips_pasted(page: Any) -> None:
    page.get_by_role("button", name="Paste transcripts…").click()
    page.locator("#field-paste-lines").fill("clip_01|New.\nclip_99|Nobody's.")
    page.get_by_text("is not a clip of this dataset").wait_for()


def clips_keys(page: Any) -> None:
    page.get_by_role("listbox").press("?")
    page.get_by_role("dialog").get_by_text("previous clip").wait_for()


def choose(page: Any, label: str) -> None:
    """Open the list beside a field, wherever the field hides."""
    button = page.get_by_role("button", name=f"Choose: {label}", exact=True)
    if not button.is_visible():
        page.get_by_text("More settings: what", exact=True).click()
    button.click()
    page.get_by_role("dialog").get_by_role("combobox").wait_for()


def choose_voice(page: Any) -> None:
    page.locator("#field-language").fill("de_DE")
    page.locator("#field-language").blur()
    page.get_by_text("German (Germany)", exact=True).first.wait_for()
    choose(page, "Base checkpoint")
    page.get_by_role("button", name="Play thorsten").wait_for()


def choose_results(page: Any) -> None:
    choose(page, "Results repo")
    page.get_by_role("combobox").last.fill("anna")
    page.get_by_text("New private repo demo/anna", exact=True).wait_for()


def choose_language(page: Any) -> None:
    choose(page, "Language")
    page.get_by_role("combobox").last.fill("deutsch")
    page.get_by_text("German (Austria)", exact=True).wait_for()


def builder_language(page: Any) -> None:
    page.get_by_text("Audio quality and language").click()
    page.get_by_role("button", name="Choose: Language", exact=True).click()
    page.get_by_text("German (Austria)", exact=True).wait_for()


def choose_without_token(page: Any) -> None:
    page.get_by_role("button", name="Choose: Dataset repo", exact=True).click()
    page.get_by_text("There is no Hugging Face token").wait_for()


def browse(page: Any) -> None:
    page.get_by_text("Use a folder on this computer").click()
    page.locator("#field-local-folder").fill(str(DEMO_CLIPS.parent))
    page.locator("#field-local-folder").blur()
    page.get_by_role("button", name="Browse for: recordings").click()
    page.locator(".picker-row").first.wait_for()


def ask_remove(page: Any) -> None:
    page.get_by_role("button", name="Cancel run now").wait_for()


def values(page: Any) -> None:
    """Curves overlaid over time, each on its own scale, read at a moment by the keyboard, with their values."""
    page.get_by_role("button", name="KL", pressed=False).click()
    page.get_by_role("button", name="KL", pressed=True).wait_for()
    page.locator("#field-curve-axis").select_option("time")
    page.locator("#field-curve-scale").select_option("own")
    page.get_by_text("Values", exact=True).click()
    page.get_by_role("slider", name="Values of the curves").press("Home")
    page.get_by_role("slider", name="Values of the curves").press("PageUp")
    page.get_by_role("button", name="KL", pressed=True).wait_for()


def all_ways_of_using_it(page: Any) -> None:
    page.get_by_text("Use it with Home Assistant").wait_for()
    for one in page.locator(".gift details > summary").all():
        one.click()


def spoken_and_compared(page: Any) -> None:
    page.get_by_role("button", name="Speak", exact=True).click()
    page.locator(".gift-samples .player").nth(2).wait_for()
    page.get_by_text("Can you tell it from the recording?").click()
    page.get_by_role("button", name="Start", exact=True).click()
    page.get_by_role("button", name="A is the recording").click()
    page.locator(".gift-tally").wait_for()


def suggested(page: Any) -> None:
    page.get_by_role("button", name="Accept all").wait_for()


def name_a_run(page: Any) -> None:
    page.get_by_role("button", name="Name, tags and notes of Anna, calm").click()
    page.get_by_text("What it was called before").click()


def sort_runs(page: Any) -> None:
    page.get_by_role("button", name="Cost", exact=True).click()
    page.locator("th[aria-sort=descending]").wait_for()


def broken_preset(page: Any) -> None:
    page.get_by_text("Look at the file").click()
    page.get_by_role("button", name="Delete preset Softer").click()
    page.get_by_role("button", name="Undo").wait_for()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Delete preset Softer").wait_for()
