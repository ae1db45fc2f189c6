"""The run document: everything spelt out, nothing secret, an unknown version in one clear sentence."""

import json

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from pod_image.contract import CONTRACT_VERSION
from pod_image.contract.contract_error import ContractError
from pod_image.contract.environment import COMMITS_ALONE, RunDocument
from pod_image.contract.settings import RunSettings
from tests.kit.run_documents import run_document


def test_a_document_survives_the_way_to_the_pod():
    sent = run_document()

    assert RunDocument.from_json(sent.to_json()) == sent


def test_every_applicable_value_is_spelt_out():
    settings = json.loads(run_document().to_json())["settings"]

    assert settings["learning_rate"] == 2e-4
    assert "argv" not in settings


def test_an_image_that_does_not_know_the_version_says_both_numbers():
    text = run_document().to_json().replace(f'"contract":{CONTRACT_VERSION}', '"contract":99')

    with pytest.raises(
        ContractError,
        match=f"understands contract version {CONTRACT_VERSION}, but the launcher sent version 99",
    ) as caught:
        RunDocument.from_json(text)
    assert "image" in in_terminal(caught.value.hint)


def test_a_document_of_an_earlier_launcher_says_no_share_and_the_pod_has_the_account_to_itself():
    document = json.loads(run_document(commits_per_hour=12).to_json())
    assert RunDocument.from_json(json.dumps(document)).commits_per_hour == 12
    del document["commits_per_hour"]
    assert RunDocument.from_json(json.dumps(document)).commits_per_hour == COMMITS_ALONE


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "{}"])
def test_an_unusable_document_is_a_contract_error(text):
    with pytest.raises(ContractError):
        RunDocument.from_json(text)


def test_a_bad_value_names_the_setting_and_not_the_value():
    broken = json.loads(run_document().to_json())
    broken["settings"]["epochs"] = "hf-token-in-the-wrong-place"

    with pytest.raises(ContractError, match=r"settings\.epochs") as caught:
        RunDocument.from_json(json.dumps(broken))
    assert "wrong-place" not in str(caught.value)


def test_a_document_over_the_limit_is_refused_before_anything_is_rented():
    sentences = tuple("ä" * 500 for _ in range(20))
    command = tuple("x" * 500 for _ in range(200))

    small = run_document(settings=RunSettings(results_repo="a/b", sample_sentences=sentences))
    assert small.to_json()
    with pytest.raises(ContractError, match="60,000"):
        run_document(
            settings=RunSettings(recipe="command", argv=command, results_repo="a/b")
        ).to_json()
