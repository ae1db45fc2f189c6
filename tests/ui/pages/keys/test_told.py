"""Where a person is told of runs, in the form: entered like a key, tested, shown by the bell of every page."""

from __future__ import annotations

from nicegui import ElementFilter, ui
from nicegui.testing import User

from launcher.stores.secrets import NOTIFY
from launcher.ui.state.told_here import ToldHere
from pod_image.contract.news import News, NewsKind
from tests.kit.clocks import NOW, StillClock
from tests.kit.page_verbs import click, use_key, visit
from tests.kit.receivers import NTFY, SECRET_WORDS
from tests.kit.told import Told
from tests.ui.conftest import Ground


def news(kind: NewsKind = NewsKind.ENDED, title: str = "run-01 ended: finished") -> News:
    link = "https://hub.test/me/voice/tree/main/run-01"
    return News(f"abcdefghij-{kind}", kind, "run-01", title, "It cost about $0.40.", NOW, link)


def test_what_is_told_is_kept_once_newest_first_and_bounded() -> None:
    told = ToldHere(StillClock())
    told.hear(news(NewsKind.ARMED, "run-01 is armed"))
    before = told.newest
    told.hear(news())
    told.hear(news())
    told.hear_trouble("ntfy.sh could not be told: the server answered 403.")
    assert [each.title for each in told.entries] == [
        "Notification failed",
        "run-01 ended: finished",
        "run-01 is armed",
    ]
    assert [each.title for each in told.since(before)] == [
        "run-01 ended: finished",
        "Notification failed",
    ]
    for number in range(200):
        told.hear_trouble(str(number))
    assert len(told.entries) == 50


async def test_the_bell_shows_what_was_told_of_a_run_through_any_keys(
    person: User, ground: Ground
) -> None:
    await visit(person, "/")
    await person.should_see("No notifications since this program started.")
    async with ground.site.sessions.open_bench(ground.site.sessions.keys_of("any")) as bench:
        for hear in bench.teller.listeners:
            hear(news())
        assert bench.teller.on_trouble is not None
        bench.teller.on_trouble("ntfy.test could not be told: the server answered 403.")
    await person.should_see("2 new", retries=60)
    with person:
        names = [one.props.get("aria-label") for one in ElementFilter(kind=ui.element)]
    assert "Notifications: 2 new" in names
    await person.should_see("run-01 ended: finished")
    await person.should_see("ntfy.test could not be told")
    await visit(person, "/runs")
    await person.should_see("run-01 ended: finished")
    await person.should_not_see("2 new")


async def test_addresses_are_held_for_their_tab_and_shown_by_their_host_alone(
    person: User, ground: Ground
) -> None:
    await visit(person, "/keys")
    await person.should_see("Notifications")
    (field,) = person.find(marker="secret-notify").elements
    assert field.props["action"] == "Use addresses"
    use_key(person, NOTIFY, f"{NTFY} desktop")
    await person.should_see("ntfy.test: from the GPU and from this computer")
    await person.should_see("desktop: from this computer")
    for word in SECRET_WORDS:
        await person.should_not_see(word)
    tab = next(tab for tab in ground.site.vault._keys if ground.site.vault.get(tab, NOTIFY.value))
    notify = ground.site.sessions.keys_of(tab).notify
    assert notify is not None
    assert notify.get_secret_value() == f"{NTFY} desktop"
    click(person, "Forget")
    await person.should_not_see("ntfy.test: from the GPU")
    assert ground.site.vault.get(tab, NOTIFY.value) is None


async def test_an_address_that_is_none_is_refused_and_not_held(
    person: User, ground: Ground
) -> None:
    await visit(person, "/keys")
    use_key(person, NOTIFY, "http://hooks.test/Very-Secret-1")
    await person.should_see("Notification address 1 is not valid")
    await person.should_not_see("Very-Secret-1")
    assert not any("notify" in held for held in ground.site.vault._keys.values())


async def test_a_test_message_is_sent_and_what_failed_is_said(person: User, ground: Ground) -> None:
    await visit(person, "/keys")
    use_key(person, NOTIFY, f"{NTFY} desktop")
    await person.should_see("ntfy.test: from the GPU")
    told = Told(whys={"ntfy.test": "the server answered 403"})
    tab = next(tab for tab in ground.site.vault._keys if ground.site.vault.get(tab, NOTIFY.value))
    session = await ground.site.sessions.of(tab)
    session.bench.teller.send = told
    click(person, "Send a test")
    await person.should_see("ntfy.test did not get the message", retries=60)
    await person.should_see("desktop got the message")


async def test_a_preference_that_is_no_address_keeps_no_page_from_opening(
    person: User, ground: Ground
) -> None:
    ground.site.prefer(notify="nonsense")
    await visit(person, "/keys")
    await person.should_see("Notifications")
    ground.site.prefer(notify="desktop")
    await visit(person, "/keys")
    await person.should_see("desktop: from this computer")
