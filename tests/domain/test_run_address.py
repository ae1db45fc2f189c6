"""A run by its results repo, as people type it, paste it, or have it from another command."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.domain.run_address import RunAddress, run_address
from pod_image.contract.results_address import is_folder

NAMED = [
    ("me/voice", "", ""),
    ("me/voice/", "", ""),
    ("me/voice/run-01", "run-01", ""),
    ("me/voice/run-01/", "run-01", ""),
    ("run-01@me/voice", "run-01", ""),
    ("me/voice@run-01.2", "", "run-01.2"),
    ("me/voice@run-01.2/run-01", "run-01", "run-01.2"),
    ("models/me/voice/run-01", "run-01", ""),
    ("hf://me/voice", "", ""),
    ("hf://me/voice/run-01", "run-01", ""),
    ("hf://me/voice@run-01.2/run-01/voice", "run-01", "run-01.2"),
    ("https://huggingface.co/me/voice", "", ""),
    ("https://huggingface.co/me/voice/tree/main", "", ""),
    ("https://huggingface.co/me/voice/tree/main/run-01", "run-01", ""),
    ("https://huggingface.co/me/voice/tree/run-01.2/run-01", "run-01", "run-01.2"),
    ("https://huggingface.co/me/voice/blob/main/run-01/run.json", "run-01", ""),
    ("https://huggingface.co/me/voice/blob/main/run-01/samples/step-000100-0.wav", "run-01", ""),
    ("https://huggingface.co/me/voice/resolve/main/run-01/voice/voice.onnx?download=true", "run-01", ""),
    ("https://huggingface.co/me/voice/blob/main/README.md", "", ""),
    ("huggingface.co/me/voice/tree/main/run-01", "run-01", ""),
    (" <https://hf.co/me/voice/tree/main/run-01> ", "run-01", ""),
    ("http://127.0.0.1:8765/me/voice/tree/main/run-01", "run-01", ""),
    ("http://127.0.0.1:8765/me/voice", "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "run_id", "revision"), NAMED)
def test_what_is_pasted_names_repo_run_and_version(typed: str, run_id: str, revision: str) -> None:
    found = run_address(typed, "http://127.0.0.1:8765")
    assert found == RunAddress("me/voice", run_id, revision)


@pytest.mark.parametrize("typed", [typed for typed, *_ in NAMED])
def test_an_address_reads_the_same_when_it_is_typed_as_it_was_printed(typed: str) -> None:
    found = run_address(typed, "http://127.0.0.1:8765")
    assert run_address(str(found)) == found


@pytest.mark.parametrize(
    "typed",
    [
        "", "run-01", "k3x9pod7", "me", "/run-01", "../run-01", "me/../run-01", "me/voice/../x", "me/voice/..",
        "https://huggingface.co/datasets/me/clips", "https://huggingface.co/spaces/me/app", "hf://datasets/me/clips",
        "https://example.org/me/voice/run-01", "me/voice/Run_01", "me/voice@../run-01", "me/voice/-run",
        "run-01@me", "me/voice/" + "a" * 41,
    ],
)  # fmt: skip
def test_what_names_no_results_repo_is_none(typed: str) -> None:
    assert run_address(typed) is None


@pytest.mark.parametrize(
    ("typed", "folder", "run_id", "revision"),
    [
        ("/home/me/voices/run-01", "/home/me/voices", "run-01", ""),
        ("/home/me/voices/", "/home/me/voices", "", ""),
        ("/home/me/My voices", "/home/me/My voices", "", ""),
        ("gpubox:/data/voices/run-01", "gpubox:/data/voices", "run-01", ""),
        ("gpubox:/data/voices@run-01.2/run-01", "gpubox:/data/voices", "run-01", "run-01.2"),
    ],
)
def test_a_folder_is_named_by_its_path_and_alone_with_a_slash(
    typed: str, folder: str, run_id: str, revision: str
) -> None:
    found = run_address(typed)
    assert found == RunAddress(folder, run_id, revision)
    assert run_address(str(found)) == found


@given(st.text(max_size=80))
def test_no_text_makes_an_address_that_leads_elsewhere(typed: str) -> None:
    found = run_address(typed)
    if found is not None and not is_folder(typed.strip()):
        assert found.repo.count("/") == 1
        assert ".." not in str(found)
        assert "/" not in found.run_id
