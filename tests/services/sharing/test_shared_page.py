"""The page of a run to send: all of it in one file, and nothing in it that was not asked for."""

from __future__ import annotations

import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from launcher.domain.run import RunState
from launcher.services.sharing.choice import (
    MOST_BYTES,
    Choice,
    chosen_samples,
    shown_settings,
    unshown_settings,
)
from launcher.services.sharing.making import is_ours
from launcher.services.sharing.shared_page import shared_page
from pod_image.contract.bodies import CheckpointWritten, Sample
from pod_image.contract.outcomes import EndReason
from tests.kit.clocks import NOW
from tests.kit.runs import run
from tests.kit.shared_runs import EVIL, SECRETS, SETTINGS, shared_run

ALL = Choice(with_dataset=True, with_notes=True, with_reference=True)
SHOWN = shared_run(reference=None)


class Seen(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_no_name_of_a_dataset_a_repo_or_a_file_is_in_it_unasked() -> None:
    page = shared_page(SHOWN, Choice())
    assert [secret for secret in SECRETS if secret in page] == []
    assert "Left out: the names of datasets and repos; the run&#x27;s own messages" in page
    assert "the original recording" in page


def test_what_it_said_comes_without_the_names_unless_both_are_asked_for() -> None:
    page = shared_page(SHOWN, Choice(with_notes=True))
    assert "All of (left out) was learnt." in page
    assert "Last output" in page
    assert [secret for secret in SECRETS if secret in page] == []
    both = shared_page(SHOWN, ALL)
    assert "me/hidden-clips" in both
    assert "take-two.wav" not in both


def test_what_is_not_known_of_a_run_is_no_price_of_nothing() -> None:
    unknown = run(gpu_name="", price_per_hour_usd=0.0, max_cost_usd=0.0)
    page = shared_page(shared_run(run=unknown), Choice())
    assert "$0.00" not in page
    assert "It was still running when this page was made." in page
    reckoned = shared_page(shared_run(run=run(created_at=NOW - timedelta(hours=1))), Choice())
    assert "<dd>about $0.39, at most $2.00</dd>" in reckoned
    never = run(state=RunState.ENDED, end_reason=EndReason.ABORTED, pod_id="")
    assert "The run ended before it had a GPU." in shared_page(shared_run(run=never), Choice())


def test_every_address_in_it_is_its_own_content() -> None:
    page = shared_page(shared_run(), ALL)
    seen = Seen(page)
    addresses = [
        value
        for _, attributes in seen.tags
        for name, value in attributes.items()
        if name in ("src", "href", "srcset", "action", "data", "poster")
    ]
    assert len(addresses) == 3
    assert all(str(one).startswith("data:audio/wav;base64,") for one in addresses)
    assert {tag for tag, _ in seen.tags} & {"script", "link", "iframe", "object", "base"} == set()
    assert not re.search(r"url\(|@import", page)


def test_what_others_said_is_text() -> None:
    page = shared_page(shared_run(), Choice(title=EVIL))
    assert not [attributes for _, attributes in Seen(page).tags if "onerror" in attributes]
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 3


def test_the_policy_lets_its_own_style_through_and_nothing_else() -> None:
    (policy,) = [
        attributes["content"]
        for tag, attributes in Seen(shared_page(SHOWN, Choice())).tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "style=" not in shared_page(SHOWN, ALL)


def test_a_page_of_ours_is_known_again() -> None:
    assert is_ours(shared_page(SHOWN, Choice(title="x" * 500)).encode())
    assert not is_ours(b"<!doctype html><title>Mine</title>")


def test_settings_that_may_hold_words_are_named_and_not_shown() -> None:
    shown = [
        (setting.name, value)
        for setting, value in shown_settings(SHOWN.run.settings_json, Choice())
    ]
    assert shown == [
        ("recipe", "piper"),
        ("batch_size", "24 clips"),
        ("quality", "medium"),
        ("max_hours", "6 hours"),
    ]
    assert "Dataset repo" in unshown_settings(SHOWN.run.settings_json, Choice())
    assert set(SETTINGS) - {name for name, _ in shown} == {
        "dataset_repo", "more_datasets", "results_repo", "bring",
    }  # fmt: skip


def test_the_best_step_is_taken_first_then_the_newest_and_the_first_as_far_as_there_is_room() -> (
    None
):
    samples = [Sample(step=step, path=f"{step}", text="a") for step in range(1, 8)]
    sizes = {one.path: MOST_BYTES // 2 for one in samples}
    best = CheckpointWritten(step=4, path="x", size_bytes=1, is_best=True)
    assert [one.step for one in chosen_samples(samples, best, sizes)] == [4, 7]
    assert [one.step for one in chosen_samples(samples, None, sizes)] == [1, 7]
    small = dict.fromkeys(sizes, 1)
    assert [one.step for one in chosen_samples(samples, None, small)] == [1, 4, 7]


@pytest.mark.parametrize("size_bytes", [MOST_BYTES + 1, None])
def test_a_sample_that_is_too_large_or_away_is_left_out(size_bytes: int | None) -> None:
    sizes = {} if size_bytes is None else {"a": size_bytes}
    assert chosen_samples([Sample(step=1, path="a")], None, sizes) == []
