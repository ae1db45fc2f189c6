"""What the two tokens may do, found out before anything is rented and without leaving a trace."""

from __future__ import annotations

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.emulator.hub import Rule
from launcher.emulator.hub.wire import Refusal
from pod_image.hub import Cause, ResultsState, preflight, whoami


@pytest.fixture
def check(make_hub, clips_commit):
    def run(label="write", dataset="demo/clips", results="demo/voice", upload_label=None):
        reader = make_hub(label)
        writer = make_hub(upload_label) if upload_label else reader
        return preflight(reader, writer, [(dataset, None)] if dataset else [], results)

    return run


def causes(found):
    return [finding.code for finding in found.findings]


def test_a_good_pair_of_tokens_has_no_errors_and_pins_the_dataset(check, voice, clips_commit):
    found = check("read", upload_label="one repo")
    assert found.findings == ()
    assert found.dataset_commits == (clips_commit,)
    assert found.results is ResultsState.WRITABLE
    assert (found.dataset_account.token_kind, found.upload_account.token_kind) == (
        "read",
        "fineGrained",
    )


def test_nothing_but_questions_is_asked(check, voice, emulator):
    emulator.core.log.clear()
    check()
    assert {row.method for row in emulator.core.log} == {"GET"}
    assert len(emulator.core.seen("GET", "whoami")) == 1


@pytest.mark.parametrize("label", ["write", "namespace"])
def test_a_token_wider_than_needed_is_mentioned(check, voice, label):
    found = check(label)
    assert found.errors == ()
    assert causes(found) == [Cause.TOKEN_TOO_WIDE]
    assert "can write to all repos of demo" in found.warnings[0].message
    assert "fine-grained" in in_terminal(found.warnings[0].hint)


@pytest.mark.parametrize("label", ["write", "namespace"])
def test_an_absent_results_repo_will_be_created_if_the_token_may(check, label):
    assert check(label).results is ResultsState.TO_BE_CREATED


def test_an_absent_results_repo_is_an_error_for_a_token_that_may_not_create_it(check):
    found = check(upload_label="one repo")
    assert found.results is ResultsState.REFUSED
    assert causes(found) == [Cause.MAY_NOT_CREATE]
    assert "Create demo/voice (private)" in in_terminal(found.errors[0].hint)


def test_a_results_repo_that_may_only_be_read_is_an_error(check, voice):
    found = check("read")
    assert found.results is ResultsState.REFUSED
    assert causes(found) == [Cause.NO_RIGHT]
    assert "demo/voice cannot be written" in found.errors[0].message


def test_a_dataset_that_is_absent_or_hidden_is_one_error(check, voice):
    for label, dataset in (("write", "demo/nothing"), ("stranger", "demo/clips")):
        found = check(label, dataset=dataset)
        assert Cause.NO_SUCH_REPO in causes(found)
        assert found.dataset_commits == (None,)


def test_a_refused_token_is_told_apart_from_a_missing_repo(check, voice, emulator):
    emulator.core.tokens["demo-read"].is_revoked = True
    found = check("read", upload_label="one repo")
    assert causes(found) == [Cause.TOKEN_REFUSED, Cause.TOKEN_REFUSED]
    assert "The dataset token is refused" in found.findings[0].message
    assert found.results is ResultsState.WRITABLE


def test_a_hub_that_does_not_answer_is_a_network_error_known_within_seconds(
    check, voice, emulator, clock
):
    emulator.faults.switch_on("down-for-hours")
    started = clock()
    found = check()
    assert clock() - started <= 20
    assert {finding.code for finding in found.findings} == {Cause.NETWORK}
    assert found.results is ResultsState.UNKNOWN


def test_the_checks_decide_when_the_owner_of_a_token_cannot_be_looked_up(check, voice, emulator):
    refusal = Refusal(429, "Too many", headers={"Retry-After": "3000"})
    emulator.faults.add(Rule("whoami", times=100, refusal=refusal))
    found = check()
    assert found.errors == ()
    assert found.results is ResultsState.WRITABLE
    assert "could not be looked up" in found.warnings[0].message


def test_without_an_upload_token_there_is_no_run(make_hub, clips_commit, voice):
    found = preflight(make_hub("read"), make_hub(None), [("demo/clips", None)], "demo/voice")
    assert causes(found) == [Cause.NO_TOKEN]
    assert "HF_UPLOAD_TOKEN" in in_terminal(found.errors[0].hint)


def test_a_gated_dataset_is_a_missing_right(check, voice, emulator):
    emulator.core.store.repos["dataset", "demo/clips"].gated = "manual"
    emulator.core.tokens["demo-one-repo"].may_read_gated = False
    found = check("one repo")
    assert causes(found) == [Cause.NO_RIGHT]
    assert "gated" in in_terminal(found.errors[0].hint)


def test_a_name_that_cannot_be_a_repo_is_an_error_and_no_traceback(check):
    found = check(dataset="not a name")
    assert found.dataset_commits == (None,)
    assert found.errors


def test_whoami_knows_where_a_token_may_write(make_hub):
    account = whoami(make_hub("namespace"))
    assert (account.name, account.writable_namespaces) == ("demo", ("demo",))
    assert whoami(make_hub("read")).writable_namespaces == ()
