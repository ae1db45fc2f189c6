"""Tokens and cards, as the library sees them."""

from __future__ import annotations

import json

import httpx2
import pytest
from huggingface_hub import ModelCard
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError

from launcher.emulator.hub import HubEmulator


def test_whoami_tells_the_account_and_the_kind_of_token(client):
    answer = client("write").whoami()
    assert answer["name"] == "demo"
    assert answer["auth"]["accessToken"]["role"] == "write"
    assert [org["name"] for org in answer["orgs"]] == ["lab"]


def test_whoami_of_a_fine_grained_token_shows_its_scopes(client):
    access = client("one repo").whoami()["auth"]["accessToken"]
    assert access["role"] == "fineGrained"
    names = [row["entity"]["name"] for row in access["fineGrained"]["scoped"]]
    assert names == ["demo/voice", "demo/clips"]


def test_an_unknown_token_is_refused_with_the_text_of_the_real_hub(emulator, client):
    with pytest.raises(HfHubHTTPError, match="Invalid user token") as refused:
        client("write").whoami(token="demo-unknown")
    assert refused.value.response.headers["X-Error-Message"] == (
        "Invalid credentials in Authorization header"
    )


@pytest.mark.parametrize("value", ["caf\xe9".encode("latin-1"), "café".encode(), b"\xff"], ids=repr)
def test_a_token_beyond_ascii_is_refused_like_any_other(emulator, value):
    headers = {b"Authorization": b"Bearer " + value}
    answer = httpx2.get(f"{emulator.url}/api/whoami-v2", headers=headers)
    assert answer.status_code == 401


def test_a_revoked_token_stops_working_at_once(emulator, client):
    api = client("write")
    api.create_repo("demo/voice")
    emulator.core.tokens["demo-write"].is_revoked = True
    with pytest.raises(HfHubHTTPError) as refused:
        api.list_repo_files("demo/voice")
    assert refused.value.response.status_code == 401
    assert not isinstance(refused.value, RepositoryNotFoundError)


def test_the_stand_ins_tokens_are_new_at_each_start(tmp_path):
    with HubEmulator(tmp_path / "a") as one, HubEmulator(tmp_path / "b") as other:
        assert set(one.tokens) == set(other.tokens) == {"read", "write", "jobs"}
        assert not set(one.tokens.values()) & set(other.tokens.values())
        assert all(len(value) >= 40 for value in one.tokens.values())
        headers = {"Authorization": f"Bearer {one.tokens['write']}"}
        assert httpx2.get(f"{other.url}/api/whoami-v2", headers=headers).status_code == 401


def test_a_leaked_token_can_be_revoked_by_anybody(emulator, client):
    answer = httpx2.post(
        f"{emulator.url}/api/credentials/revoke", json={"credentials": ["demo-read", "demo-none"]}
    )
    assert answer.status_code == 202
    assert emulator.core.tokens["demo-read"].is_revoked


@pytest.mark.parametrize(
    ("label", "may_read", "may_write"),
    [
        ("write", True, True),
        ("read", True, False),
        ("one repo", True, True),
        ("namespace", True, True),
        ("stranger", False, False),
        (None, False, False),
    ],
)
def test_auth_check_tells_what_each_kind_of_token_may_do_with_a_private_repo(
    client, label, may_read, may_write
):
    client("write").create_repo("demo/voice", private=True)
    api = client(label)
    for is_write, allowed in ((False, may_read), (True, may_write)):
        if allowed:
            api.auth_check("demo/voice", write=is_write)
        else:
            with pytest.raises(HfHubHTTPError) as refused:
                api.auth_check("demo/voice", write=is_write)
            hidden = not may_read
            assert isinstance(refused.value, RepositoryNotFoundError) == hidden
            assert refused.value.response.status_code == (
                (404 if label else 401) if hidden else 403
            )


def test_a_token_for_one_repo_does_not_see_the_others(client):
    client("write").create_repo("demo/secret", private=True)
    with pytest.raises(RepositoryNotFoundError):
        client("one repo").repo_info("demo/secret")


def test_a_gated_repo_is_described_but_its_files_are_kept_from_strangers(emulator, client):
    owner, stranger = client("write"), client("stranger")
    owner.create_repo("demo/voice")
    owner.upload_file(path_or_fileobj=b"hi", path_in_repo="a.txt", repo_id="demo/voice")
    owner.update_repo_settings("demo/voice", gated="manual")
    assert stranger.repo_info("demo/voice").gated == "manual"
    with pytest.raises(GatedRepoError):
        stranger.auth_check("demo/voice")
    emulator.core.store.repos["model", "demo/voice"].granted.append("somebody")
    stranger.auth_check("demo/voice")


def test_a_card_with_broken_yaml_is_refused_before_anything_is_uploaded(emulator, client):
    api = client()
    api.create_repo("demo/voice")
    with pytest.raises(ValueError, match="license"):
        api.upload_file(
            path_or_fileobj=b"---\nlicense: {a: b}\n---\n# Voice",
            path_in_repo="README.md",
            repo_id="demo/voice",
        )
    assert emulator.core.seen("POST", "/commit/") == []


def test_a_commit_with_a_card_that_names_a_folder_is_refused_without_having_asked(client):
    """Other programs commit without asking /api/validate-yaml first; git does."""
    api = client()
    api.create_repo("demo/voice")

    def commit(base):
        card = f"---\nbase_model: {base}\n---\n# Adapter"
        lines = (
            {"key": "header", "value": {"summary": "card"}},
            {"key": "file", "value": {"path": "README.md", "content": card}},
        )
        return httpx2.post(
            f"{api.endpoint}/api/models/demo/voice/commit/main",
            content="".join(json.dumps(line) + "\n" for line in lines),
            headers={"authorization": f"Bearer {api.token}"},
        )

    refused = commit("/in/base")
    assert refused.status_code == 400
    assert '"/in/base" is not valid' in refused.json()["error"]
    assert commit("me/base").status_code == 200
    assert api.model_info("demo/voice").card_data.base_model == "me/base"


def test_a_card_is_read_back_as_metadata_of_the_repo(client):
    api = client()
    api.create_repo("demo/voice")
    card = ModelCard("---\nlicense: apache-2.0\nlanguage: en\n---\n# Voice")
    api.upload_file(
        path_or_fileobj=str(card).encode(), path_in_repo="README.md", repo_id="demo/voice"
    )
    assert api.model_info("demo/voice").card_data.license == "apache-2.0"


@pytest.mark.parametrize(
    ("card", "complaint"),
    [
        ("---\n- a\n---\n", "must be an object"),
        ("---\nlanguage: no\n---\n", '"language" must be one of'),
        ("---\ntags: voice\n---\n", '"tags" must be an array'),
        ("---\na: [\n---\n", "not valid"),
        (
            "---\nbase_model: /workspace/in/base\n---\n",
            '"base_model" with value "/workspace/in/base" is not valid',
        ),
        ("---\nbase_model: ''\n---\n", '"base_model" with value "" is not valid'),
        ("---\ndatasets: [me/a, ./b]\n---\n", '"datasets[1]" with value "./b" is not valid'),
    ],
)
def test_each_fault_in_a_card_is_named(card, complaint):
    from launcher.emulator.hub.accounts import card_complaints

    errors, _ = card_complaints(card)
    assert complaint in errors[0]


def test_a_card_without_metadata_is_a_warning_only():
    from launcher.emulator.hub.accounts import card_complaints

    assert card_complaints("# Voice") == ([], ["empty or missing yaml metadata in repo card"])
