"""From what a person enters to settings, and to a price, without asking anybody."""

from __future__ import annotations

import pytest

from launcher.config import read_config
from launcher.domain.offer import Stock
from launcher.domain.plan import DatasetSummary, Origin
from launcher.forms.fields import FormField, fields, form_field
from launcher.presets import Preset, find_preset
from launcher.ui.next_steps import on_page
from launcher.ui.pages.help.topics import HELP_FOLDER, anchor, search, settings_sections, topics
from launcher.ui.pages.train.form import Choice, Refused, check, parse, shown
from launcher.ui.pages.train.price import why_at_most
from launcher.ui.pages.train.pricing import gpu_rows, quote
from launcher.ui.pages.train.saving import kept_values
from launcher.ui.state.drafts import DRAFTS_KEPT, Draft, Drafts
from pod_image.contract.common_settings import Cloud
from pod_image.contract.recipes.piper import PiperSettings
from pod_image.contract.settings import SETTINGS, RunSettings
from tests.kit.plans import offer_of

PRESET = Preset("mine", "Mine", "", {"batch_size": 16, "quality": "medium", "max_hours": 8.0})
CLIPS = DatasetSummary("me/clips", "abc", clips=200, minutes=20.0)


def field(name: str) -> FormField:
    return form_field(SETTINGS[name])


OFFERS = [
    offer_of("RTX 3090", 0.22, 24, cloud=Cloud.COMMUNITY),
    offer_of("RTX A4000", 0.25, 16),
    offer_of("RTX 4090", 0.49, 24),
    offer_of("A100", 1.9, 80, stock=Stock.NONE),
]


@pytest.fixture
def choice() -> Choice:
    return Choice(Draft(preset="mine"), PRESET)


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("batch_size", " 32 ", 32),
        ("epochs", "1,000", 1000),
        ("max_hours", "1,5", 1.5),
        ("gpu_types", "4090, A100", ["4090", "A100"]),
        ("gpu_types", "4090\nA100", ["4090", "A100"]),
        ("sample_sentences", "Hello, you.\n\nBye.", ["Hello, you.", "Bye."]),
        ("voice_name", " anna ", "anna"),
    ],
)
def test_what_is_typed_becomes_a_value(name: str, typed: str, value: object) -> None:
    assert parse(field(name), typed) == value


@pytest.mark.parametrize(
    ("name", "typed", "words"),
    [
        ("batch_size", "many", "Enter a whole number, 1 to 256."),
        ("batch_size", "1.5", "Enter a whole number"),
        ("batch_size", "1,5", "Enter a whole number"),
        ("max_hours", "", "Enter a number"),
        ("max_cost_usd", "1,000", "Write 1000 without a comma."),
        ("batch_size", "1000", "Must be 1 to 256 clips"),
        ("voice_name", "Anna!", "Voice name"),
        ("results_repo", "voice", "owner/name"),
    ],
)
def test_what_cannot_be_taken_is_said_in_words(name: str, typed: str, words: str) -> None:
    with pytest.raises(Refused) as refused:
        check(field(name), parse(field(name), typed))
    assert words in str(refused.value)
    assert "--" not in str(refused.value)


def test_every_default_can_be_shown_and_typed_again() -> None:
    for _, members in fields():
        for one in members:
            assert parse(one, shown(one, one.default)) == one.default, one.name


def test_a_refused_value_is_kept_out_and_explained(choice: Choice) -> None:
    choice.enter(field("batch_size"), "1000")
    assert "1 to 256" in choice.errors["batch_size"]
    assert PiperSettings.of(choice.composed.settings).batch_size == 16
    choice.enter(field("batch_size"), "8")
    assert choice.errors == {}
    assert choice.composed.origins["batch_size"] is Origin.YOU


def test_typing_the_presets_own_value_is_no_change(choice: Choice) -> None:
    choice.enter(field("batch_size"), "8")
    assert choice.changed == ["batch_size"]
    choice.enter(field("batch_size"), "16")
    assert choice.changed == []
    assert choice.composed.origins["batch_size"] is Origin.PRESET


def test_a_hidden_field_is_not_sent_and_comes_back(choice: Choice) -> None:
    choice.enter(field("voice_name"), "anna")
    choice.enter(field("recipe"), "command")
    assert "voice_name" not in choice.composed.settings.applicable()
    choice.enter(field("recipe"), "piper")
    assert PiperSettings.of(choice.composed.settings).voice_name == "anna"


def test_another_preset_keeps_the_names_and_drops_the_numbers(choice: Choice) -> None:
    choice.enter(field("dataset_repo"), "me/clips")
    choice.enter(field("batch_size"), "8")
    choice.choose_preset(Preset("other", "Other", "", {"batch_size": 64}))
    assert choice.composed.settings.dataset_repo == "me/clips"
    assert PiperSettings.of(choice.composed.settings).batch_size == 64


COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_another_preset_leaves_a_pinned_commit_of_the_dataset_where_it_is(choice: Choice) -> None:
    choice.enter(field("dataset_repo"), "me/clips")
    choice.enter(field("dataset_revision"), COMMIT)
    choice.choose_preset(Preset("other", "Other", "", {"batch_size": 64}))
    assert choice.composed.settings.dataset_revision == COMMIT


def test_another_preset_leaves_what_is_trained(choice: Choice) -> None:
    said = {"voice_name": "anna", "language": "de_DE", "espeak_voice": "de", "speakers": "2"}
    for name, typed in {**said, "sample_sentences": "Guten Tag."}.items():
        choice.enter(field(name), typed)
    choice.choose_preset(Preset("other", "Other", "", {"batch_size": 64}))
    settings = PiperSettings.of(choice.composed.settings)
    assert (settings.voice_name, settings.language, settings.espeak_voice) == (
        "anna",
        "de_DE",
        "de",
    )
    assert (settings.speakers, settings.sample_sentences) == (2, ("Guten Tag.",))


def test_back_to_the_preset_forgets_neither_the_run_nor_the_commit_nor_the_voice(
    choice: Choice,
) -> None:
    said = {"dataset_revision": COMMIT, "run_id": "mine-07", "voice_name": "anna", "epochs": "7"}
    for name, typed in said.items():
        choice.enter(field(name), typed)
    assert choice.changed == ["epochs"]


def test_a_preset_of_a_choice_names_no_run_and_no_commit(choice: Choice) -> None:
    said = {
        "dataset_repo": "me/clips",
        "dataset_revision": COMMIT,
        "results_repo": "me/voice",
        "run_id": "mine-07",
        "voice_name": "anna",
        "epochs": "7",
    }
    for name, typed in said.items():
        choice.enter(field(name), typed)
    assert kept_values(choice) == {**PRESET.values, "voice_name": "anna", "epochs": 7}


def test_a_gpu_that_the_preset_takes_anyway_is_no_choice_of_the_person() -> None:
    choice = Choice(Draft(), Preset("mine", "Mine", "", {"gpu_types": ["RTX 4090"]}))
    choice.put("gpu_types", ["RTX 4090"])
    assert choice.changed == []
    choice.put("gpu_types", [])
    assert choice.composed.settings.gpu_types == ()


def test_drafts_are_of_a_tab_and_do_not_grow() -> None:
    drafts = Drafts()
    drafts.of("a").preset = "mine"
    assert drafts.of("a").preset == "mine"
    assert drafts.of("b").preset == ""
    for number in range(DRAFTS_KEPT + 5):
        drafts.of(f"tab {number}")
    assert drafts.of("a").preset == ""


def test_the_price_follows_the_settings() -> None:
    small = quote(RunSettings(epochs=100, cloud=Cloud.ANY), CLIPS, OFFERS, [])
    large = quote(RunSettings(epochs=1000, cloud=Cloud.ANY), CLIPS, OFFERS, [])
    assert small.estimate is not None
    assert large.estimate is not None
    assert large.estimate.cost_usd > small.estimate.cost_usd
    assert small.offer is not None
    assert small.offer.gpu_name == "RTX 3090"


def test_without_prices_the_cap_is_the_price() -> None:
    found = quote(RunSettings(max_cost_usd=7.0), CLIPS, None, [])
    assert (found.offer, found.estimate, found.worst_case_usd) == (None, None, 7.0)


def test_the_worst_case_is_that_of_the_dearest_gpu_that_may_be_taken() -> None:
    settings = RunSettings(max_hours=2.0, max_cost_usd=100.0, cloud=Cloud.ANY)
    found = quote(settings, CLIPS, OFFERS, [])
    assert found.worst_case_usd == pytest.approx(2 * 0.49)
    assert "$0.49/h" in why_at_most(found)
    assert why_at_most(quote(settings, CLIPS, OFFERS[:1], [])) == ""
    assert why_at_most(quote(settings, CLIPS, None, [])) == ""


def test_a_cap_before_the_end_is_seen() -> None:
    assert quote(RunSettings(epochs=5000, max_hours=0.5), CLIPS, OFFERS, []).is_cut_short


def test_nothing_that_fits_is_said_with_what_blocks_it() -> None:
    found = quote(RunSettings(batch_size=256), CLIPS, OFFERS, [])
    assert "GB" in on_page(found.problem)
    assert found.offer is None


def test_gpus_stand_by_total_cost_and_say_what_blocks_them() -> None:
    rows = gpu_rows(RunSettings(batch_size=32), CLIPS, OFFERS, [])
    free = [row.offer.gpu_name for row in rows if not row.blocked]
    blocked = {row.offer.gpu_name: row.blocked for row in rows if row.blocked}
    assert free == ["RTX 4090"]
    assert rows[0].is_recommended
    assert "16 GB" in blocked["RTX A4000"]
    assert "tier" in blocked["RTX 3090"]
    assert blocked["A100"] == "none available"


def test_every_built_in_preset_can_be_chosen() -> None:
    from launcher.presets import look_at_presets

    config = read_config({"LAUNCHER_HOME": "/nonexistent"})
    for preset in look_at_presets(config).usable:
        assert Choice(Draft(), find_preset(config, preset.name)).composed.preset == preset.name


def test_every_question_mark_of_the_form_has_its_place_in_the_help() -> None:
    places = {place for place, *_ in settings_sections()}
    assert {name.replace("_", "-") for name in SETTINGS} <= places


def test_every_link_into_the_help_resolves() -> None:
    import re

    root = HELP_FOLDER.parent
    links = [
        match
        for path in root.rglob("*.py")
        for match in re.findall(r"/help\?topic=([a-z]+)(?:#([a-z-]+))?", path.read_text("utf-8"))
    ]
    assert links
    for topic, place in links:
        assert topic in topics(), topic
        if place:
            assert place in {found for found, *_ in topics()[topic].sections}, place


def test_topics_have_sections_with_texts() -> None:
    for topic in topics().values():
        if topic.name != "settings":
            assert topic.sections, topic.name
            assert all(text for _, _, text in topic.sections)
            assert len({place for place, *_ in topic.sections}) == len(topic.sections)


def test_the_help_is_searched_headings_first() -> None:
    hits = search("batch size")
    assert hits[0].href == "/help?topic=settings#batch-size"
    assert search("keyring")[0].href == "/help?topic=keys#where-keys-are-kept"
    assert search("") == []
    assert search("xyzzy") == []
    assert anchor("No GPU is free!") == "no-gpu-is-free"
