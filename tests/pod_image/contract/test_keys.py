"""What looks like a key in a command is found and hidden; paths, hashes and the words of training are let be."""

from __future__ import annotations

import shlex
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pod_image.contract.keys import HIDDEN, hide_keys, key_in, without_keys

# Made up, and put together here so that no scanner of repos takes them for real ones.
LETTERS = "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA1b"
HF, RPA, AWS = "hf_" + LETTERS, "rpa_" + LETTERS.upper(), "AKIA" + "IOSFODNN7" + "EXAMPLE"
SK, GITHUB = "sk-" + "proj-" + LETTERS, "ghp_" + LETTERS
CANARY = "c4n4ry0v4lu3"

HOLDING = (
    ["python", "train.py", "--hub-token", HF],
    ["python", "train.py", f"--token={HF}"],
    ["sh", "-c", f"export HF_TOKEN={HF}; python train.py"],
    ["sh", "-c", f"echo {RPA} | tee x"],
    ["env", f"WANDB_API_KEY={CANARY}", "python", "train.py"],
    ["env", "DB_PASSWORD=hunter2", "python"],
    ["env", "PASSWORD='correct horse'", "python"],
    ["env", f"KEY={CANARY}", "python"],
    ["env", f"MY_TOKEN={CANARY}", "python"],
    ["python", "train.py", "--api-key", CANARY],
    ["python", "train.py", "--wandb_api_key", CANARY],
    ["python", "train.py", "--password", "hunter2"],
    ["python", "train.py", f"--api_key={CANARY}"],
    ["curl", "-H", f"Authorization: Bearer {CANARY}", "https://example.com"],
    ["curl", "-H", f"authorization: basic {CANARY}==", "https://example.com"],
    ["curl", f"Bearer {CANARY}"],
    ["git", "clone", f"https://user:{CANARY}@example.com/a.git"],
    ["git", "clone", f"https://{GITHUB}@github.com/a/b"],
    ["pip", "install", f"git+https://oauth2:{CANARY}@example.com/a.git"],
    ["psql", f"postgresql://me:{CANARY}@db.example/x"],
    ["aws", AWS],
    ["python", "-c", f"import openai; openai.api_key = '{SK}'"],
    ["python", "-c", f'post(headers={{"x-api-key": "{CANARY}"}})'],
    ["python", "-c", f"login(token='{HF}')"],
    ["sh", "-c", "cat <<X\n-----BEGIN OPENSSH " + "PRIVATE KEY-----\nX"],
)

HONEST = (
    ["python", "train.py", "--token", "$HF_TOKEN"],
    ["sh", "-c", 'HF_TOKEN="$TOKEN" python train.py --password "${PASSWORD}"'],
    ["python", "-c", "import os; token = os.environ['HF_TOKEN']; key = None"],
    ["python", "-c", "sorted(rows, key=lambda row: row[0])"],
    ["python", "-c", "api_key=getpass()"],
    ["python", "train.py", "--pad_token=<pad>", "--max-tokens", "4096", "--max_token=512"],
    ["python", "train.py", "--placeholder_token", "<my-cat>", "--initializer_token=cat"],
    ["python", "train.py", "--trigger-token", "ohwx", "--sort-key", "name", "--key", "value"],
    ["env", "MAX_TOKENS=4096", "TOKENIZERS_PARALLELISM=false", "NUM_KEYS=12", "python", "x.py"],
    ["python", "train.py", "--token-file", "/run/secrets/hub", "--ssh-key", "~/.ssh/id_ed25519"],
    ["python", "train.py", "--key=./keys/public.pem", "--password-file=/a/b", "--secret", "/run/s"],
    ["git", "checkout", "3f2a9c1b7d5e8f60a1b2c3d4e5f60718293a4b5c"],
    ["sha256sum", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    ["git", "clone", "https://github.com/a/b.git", "git@github.com:a/b.git"],
    ["git", "clone", "ssh://git@github.com/a/b.git", "https://$TOKEN@github.com/a/b"],
    ["rsync", "me@host:/a/b", "s3://bucket/path@v2/x"],
    ["python", "hf_transfer_benchmark_of_downloads.py", "--in", "/data/hf_datasets/clips"],
    ["python", "task-scheduler-with-a-long-name.py", "sk-learn-pipeline", "risk-analysis-2026"],
    ["python", "-m", "piper.train", "--resume", "checkpoints/epoch=4769-step=1000000.ckpt"],
    ["echo", "The bearer of this letter is basic training material."],
    ["echo", "the key: value pairs of the token stream"],
    ["python", "x.py", "--keys", "a,b,c", "--key-size=256", "--tokenizer=bert-base-uncased"],
    ["docker", "run", "image@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    ["python", "x.py", "--run", "7c9e6679-7425-40de-944b-e07fc1f90ae7"],
)  # fmt: skip


@pytest.mark.parametrize("words", HOLDING, ids=range(len(HOLDING)))
def test_a_word_that_holds_a_key_is_found_and_hidden(words: list[str]) -> None:
    found = key_in(words)
    assert found is not None
    number, kind = found
    shown = shlex.join(without_keys(words))
    for secret in (LETTERS, LETTERS.upper(), AWS, CANARY, "hunter2", "correct horse"):
        assert secret not in shown
        assert secret not in kind
    assert HIDDEN in shown
    assert 1 <= number <= len(words)
    assert key_in(without_keys(words)) is None


@pytest.mark.parametrize("words", HONEST, ids=lambda words: words[1][:20])
def test_paths_hashes_and_words_of_training_are_let_be(words: list[str]) -> None:
    assert key_in(words) is None
    assert without_keys(words) == tuple(words)


@pytest.mark.parametrize(
    "piece", ["sk-", "a-", "key=", "password='a", "A_KEY=abcd ", "http://", "x:"]
)
def test_the_longest_command_is_looked_at_at_once(piece: str) -> None:
    text = piece * (60_000 // len(piece))
    began = time.process_time()
    key_in([text])
    hide_keys(text)
    assert time.process_time() - began < 3.0


@given(st.text(), st.sampled_from([HF, RPA, AWS, SK, GITHUB]), st.text())
def test_a_key_is_hidden_wherever_it_stands(before: str, key: str, after: str) -> None:
    text = f"{before} {key} {after}"
    assert key not in hide_keys(text)


@given(st.lists(st.text(max_size=40), max_size=6))
def test_any_words_can_be_looked_at(words: list[str]) -> None:
    assert len(without_keys(words)) == len(words)
    key_in(words)
