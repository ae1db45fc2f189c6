"""Repos are listed as the token sees them, by few calls, newest first; without that right it says so."""

from __future__ import annotations

import pytest

from launcher.emulator.hub import Token, TokenKind
from launcher.emulator.hub.faults import Rule, refused
from launcher.emulator.hub.tokens import Scope
from launcher.hub.own_repos import MOST_ACCOUNTS, MOST_OF_ONE
from launcher.services.choosing.lists import listing
from launcher.services.choosing.option import Listing
from launcher.services.choosing.repos import suggested_name
from pod_image.contract.settings import SETTINGS
from tests.kit.choices import found, put_repos
from tests.kit.clouds import READ_TOKEN, WRITE_TOKEN
from tests.services.choosing.conftest import Desk

DATASET, RESULTS = SETTINGS["dataset_repo"], SETTINGS["results_repo"]


def values(found_: Listing) -> list[str]:
    return [each.value for each in found_.options]


def said(found_: Listing) -> str:
    return " ".join(map(str, (found_.problem, found_.what_to_do, *found_.notes)))


async def test_datasets_of_the_account_and_its_organisations_are_listed_newest_first(
    desk: Desk,
) -> None:
    put_repos(desk.core, "dataset", "demo", 2, is_private=True)
    put_repos(desk.core, "dataset", "choir", 1)
    put_repos(desk.core, "dataset", "stranger", 1)
    member = desk.hold("a-member", Token("member", "demo", TokenKind.READ, orgs=("choir",)))
    seen = await listing(desk.bench(member), DATASET, {})
    assert set(values(seen)) == {"demo/set-0", "demo/set-1", "choir/set-0"}
    assert values(seen).index("demo/set-1") < values(seen).index("demo/set-0")
    marks = {each.value: each.marks for each in seen.options}
    assert (marks["demo/set-0"], marks["choir/set-0"]) == (("private",), ())
    assert "changed" in seen.options[0].detail
    assert not seen.problem
    assert len(desk.calls) == 3  # whose it is, and each account


async def test_where_results_go_no_organisation_is_listed_in_which_one_may_only_read(
    desk: Desk,
) -> None:
    orgs = {"choir": "read", "studio": "write", "school": "contributor", "club": ""}
    for org in orgs:
        put_repos(desk.core, "model", org, 1)
    roles = {org: role for org, role in orgs.items() if role}
    member = Token("member", "demo", TokenKind.WRITE, orgs=tuple(orgs), org_roles=roles)
    token = desk.hold("a-member", member)
    seen = await listing(desk.bench(token, token), RESULTS, {"dataset_repo": "demo/clips"})
    assert {each.partition("/")[0] for each in values(seen)} == {"demo", "studio", "school", "club"}
    assert "choir" not in seen.makes
    assert {"demo", "studio", "school"} <= set(seen.makes)
    assert "choir is left out: your role there is read-only." in said(seen)
    assert "In school you may write only to repos that you have made yourself." in said(seen)
    assert "studio" not in said(seen)


async def test_of_a_thousand_repos_the_newest_are_listed_by_one_call_and_the_rest_is_said(
    desk: Desk,
) -> None:
    put_repos(desk.core, "dataset", "demo", 1_000)
    seen = await listing(desk.bench(READ_TOKEN), DATASET, {})
    assert len(seen.options) == MOST_OF_ONE
    assert values(seen)[0] == "demo/set-999"
    assert f"only the newest {MOST_OF_ONE} are listed" in said(seen)
    assert len(desk.calls) == 2


async def test_no_more_than_a_few_accounts_are_asked_for(desk: Desk) -> None:
    orgs = tuple(f"org-{number}" for number in range(30))
    many = desk.hold("many", Token("many", "demo", TokenKind.READ, orgs=orgs))
    seen = await listing(desk.bench(many), DATASET, {})
    assert len(desk.calls) == 1 + MOST_ACCOUNTS
    assert "27 more accounts were not asked for" in said(seen)
    assert "typed" in said(seen)


async def test_an_account_without_datasets_is_said_to_have_none(desk: Desk) -> None:
    seen = await listing(desk.bench(READ_TOKEN), DATASET, {})
    assert (seen.options, seen.problem) == ((), "")
    assert "demo has no dataset" in said(seen)


async def test_without_a_token_nobody_is_asked_and_typing_is_the_way(desk: Desk) -> None:
    for setting in (DATASET, RESULTS):
        seen = await listing(desk.bench(), setting, {})
        assert "There is no Hugging Face token" in str(seen.problem)
        assert "can also be typed" in said(seen)
    assert desk.calls == []


async def test_a_refused_token_is_said_to_be_refused(desk: Desk) -> None:
    seen = await listing(desk.bench("no-such-token"), DATASET, {})
    assert seen.options == ()
    assert "could not be listed" in said(seen)
    assert "wrong, expired or revoked" in said(seen)


@pytest.mark.parametrize("fault", ["rate-limited", "unavailable"])
async def test_a_hub_that_will_not_answer_now_is_an_answer_at_once(desk: Desk, fault: str) -> None:
    if fault == "rate-limited":
        desk.core.faults.switch_on(fault)
    else:
        desk.core.faults.add(Rule(".*", times=1_000, refusal=refused(503, "down")))
    seen = await listing(desk.bench(READ_TOKEN), DATASET, {})
    assert seen.options == ()
    assert "could not be listed" in said(seen)
    assert "can also be typed" in said(seen)


async def test_a_token_for_single_repos_lists_those_and_says_that_it_may_list_no_others(
    desk: Desk,
) -> None:
    put_repos(desk.core, "dataset", "demo", 3, is_private=True)
    scopes = (
        Scope("dataset", "demo/set-1", ("repo.content.read",)),
        Scope("model", "demo/voice", ("repo.write",)),
    )
    narrow = desk.hold("narrow", Token("narrow", "demo", TokenKind.FINE_GRAINED, scopes=scopes))
    seen = await listing(desk.bench(narrow, narrow), DATASET, {})
    assert values(seen) == ["demo/set-1"]
    assert "single repos" in said(seen)
    results = await listing(desk.bench(narrow, narrow), RESULTS, {})
    assert values(results) == ["demo/voice"]
    assert results.makes == ()
    assert "cannot make repos" in said(results)


async def test_results_go_where_the_token_may_write_or_into_a_new_private_repo(desk: Desk) -> None:
    put_repos(desk.core, "model", "demo", 2)
    put_repos(desk.core, "model", "stranger", 1)
    seen = await listing(desk.bench(upload=WRITE_TOKEN), RESULTS, {"dataset_repo": "me/my-clips"})
    assert values(seen) == ["demo/my-clips-results", "demo/set-1", "demo/set-0"]
    assert seen.options[0].title == "New private repo demo/my-clips-results"
    assert seen.makes == ("demo",)


async def test_a_new_repo_that_is_there_is_not_offered_as_new(desk: Desk) -> None:
    put_repos(desk.core, "model", "demo", 1)
    seen = await listing(desk.bench(upload=WRITE_TOKEN), RESULTS, {"dataset_repo": "me/first"})
    assert "demo/first-results" in values(seen)
    put_repos(desk.core, "model", "demo", 2)
    desk.core.store.create("model", "demo/first-results", is_private=True, author="demo", at=1.0)
    again = await listing(desk.bench(upload=WRITE_TOKEN), RESULTS, {"dataset_repo": "me/first"})
    assert [each.title for each in again.options if each.value == "demo/first-results"] == [
        "demo/first-results"
    ]


async def test_a_token_that_only_reads_may_write_nowhere(desk: Desk) -> None:
    seen = await listing(desk.bench(upload=READ_TOKEN), RESULTS, {})
    assert seen.options == ()
    assert "may write to no model repo" in said(seen)


async def test_an_account_that_may_not_be_listed_keeps_the_others_from_nobody(desk: Desk) -> None:
    put_repos(desk.core, "dataset", "demo", 1)
    desk.core.faults.add(Rule("^GET /api/datasets", refusal=refused(403, "not for you"), skip=1))
    member = desk.hold("a-member", Token("member", "demo", TokenKind.READ, orgs=("choir",)))
    seen = await listing(desk.bench(member), DATASET, {})
    assert values(seen) == ["demo/set-0"]
    assert "may not list the repos of choir" in said(seen)


async def test_what_is_typed_narrows_the_list_by_every_word(desk: Desk) -> None:
    put_repos(desk.core, "dataset", "demo", 12, is_private=True)
    seen = await listing(desk.bench(READ_TOKEN), DATASET, {})
    assert [each.value for each in found(seen.options, "PRIVATE set-11")] == ["demo/set-11"]
    assert found(seen.options, "nothing-like-it") == []


@pytest.mark.parametrize(
    ("dataset", "name"),
    [
        ("me/my clips!", "my-clips-results"),
        ("", "results"),
        ("me/" + "x" * 200, "x" * 56 + "-results"),
    ],
)
def test_a_suggested_name_is_one_that_a_repo_can_have(dataset: str, name: str) -> None:
    assert suggested_name(dataset) == name
