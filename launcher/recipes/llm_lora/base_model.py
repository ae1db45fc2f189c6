"""The model that an adapter is trained on: can it be loaded, how much memory its weights take, under which terms."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from launcher.domain.needs import GpuMemory
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.hub_inputs import hub_input
from pod_image.contract.next_steps import Said, Sentence, setting
from pod_image.hub import Hub, HubError, RemoteFile, Repo, list_files, read_bytes, resolve_commit

CONFIG, CARD, INDEX = "config.json", "README.md", "model.safetensors.index.json"
TOKENIZER = "tokenizer_config.json"
TEMPLATES = ("chat_template.jinja", "chat_template.json")
BYTES = {"float32": 4, "bfloat16": 2, "float16": 2, "float8_e4m3fn": 1}
TRAINED_BYTES = 2
"""Of each weight while it trains: the base is loaded as bfloat16."""


@dataclass(frozen=True)
class BaseModel:
    """`licence` is what its card says; `memory` that of its weights alone, 0 GB where its files do not tell."""

    repo: str
    memory: GpuMemory
    has_chat_template: bool
    licence: str = ""


def look_at_base(hub: Hub, written: str) -> tuple[BaseModel | None, tuple[Finding, ...]]:
    """`written` is the setting as it stands. Never raises HubError: who cannot reach it says so elsewhere."""
    if not written:
        return None, ()
    asked = hub_input(written)
    name, brief = asked.repo, hub.hasty()
    repo = Repo(name, "model")
    try:
        commit = resolve_commit(brief, repo, asked.revision or None)
        files = {row.path: row for row in list_files(brief, repo, commit)}
        if (fault := _why_not(name, files)) is not None:
            return None, (fault,)
        read = _Reader(brief, repo, commit, files)
        model = BaseModel(name, _memory(name, read), _has_template(read), _licence(read.text(CARD)))
    except HubError:
        return None, ()
    return model, _on_memory(model)


@dataclass(frozen=True)
class _Reader:
    hub: Hub
    repo: Repo
    commit: str
    files: dict[str, RemoteFile]

    def text(self, path: str) -> str:
        """Empty where there is no such file. Raises HubError."""
        if path not in self.files:
            return ""
        content = read_bytes(self.hub, self.repo, path, self.commit) or b""
        return content.decode("utf-8", "replace")

    def json(self, path: str) -> dict[str, Any]:
        """Empty where it is none."""
        try:
            found = json.loads(self.text(path))
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


def _why_not(name: str, files: dict[str, RemoteFile]) -> Finding | None:
    if CONFIG not in files:
        what = f"{name} has no {CONFIG}: it is not a model that transformers can load."
    elif not _weights(files):
        what = f"{name} has no weights that transformers can load (.safetensors or .bin)."
    else:
        return None
    hint = (
        "Name the repo with the model itself; files for other programs, such as .gguf, do not work."
    )
    return _error(what, Sentence(hint, " It is given as ", setting("base_model"), "."))


def _error(message: str, hint: Said) -> Finding:
    return Finding(Severity.ERROR, "base", message, hint)


def _weights(files: dict[str, RemoteFile]) -> Sequence[RemoteFile]:
    """Of the one form that is loaded: some repos have their weights in several."""
    for prefix, suffix in (("model", ".safetensors"), ("pytorch_model", ".bin")):
        found = [
            row
            for path, row in files.items()
            if "/" not in path and path.startswith(prefix) and path.endswith(suffix)
        ]
        if found:
            return found
    return ()


def _memory(name: str, read: _Reader) -> GpuMemory:
    """By the size of the files and the type of number that they are in."""
    config = read.json(CONFIG)
    inner = config.get("text_config")
    kind = config.get("dtype") or config.get("torch_dtype")
    if kind is None and isinstance(inner, dict):
        kind = inner.get("dtype") or inner.get("torch_dtype")
    each_bytes = BYTES.get(str(kind).removeprefix("torch."))
    if each_bytes is None or "quantization_config" in config:
        return GpuMemory()
    size_bytes = sum(row.size_bytes for row in _weights(read.files))
    weights = size_bytes / each_bytes
    return GpuMemory(
        weights * TRAINED_BYTES / 1e9,
        f"the {_in_words(weights)} weights of {name} alone, as bfloat16",
        "Choose a smaller base model.",
    )


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _in_words(count: float) -> str:
    for size, word in ((1e9, "billion"), (1e6, "million")):
        if count >= size:
            return f"{count / size:.1f} {word}"
    return f"{count:,.0f}"


def _on_memory(model: BaseModel) -> tuple[Finding, ...]:
    if not model.memory.gb:
        return (
            Finding(
                Severity.NOTE,
                "base_memory",
                f"How much GPU memory {model.repo} needs is not clear from its files.",
                Sentence(
                    "Give an amount that you know is enough: ", setting("min_gpu_memory_gb"), "."
                ),
            ),
        )
    return (
        Finding(
            Severity.NOTE,
            "base_memory",
            f"{_capital(model.memory.basis)}, take {model.memory.gb:.1f} GB of each GPU; no smaller one is chosen. How "
            "much more the training takes depends on batch and sequence length, and was not measured.",
            Sentence("To ask for more: ", setting("min_gpu_memory_gb"), "."),
        ),
    )


def _has_template(read: _Reader) -> bool:
    return any(name in read.files for name in TEMPLATES) or "chat_template" in read.json(TOKENIZER)


def _licence(card: str) -> str:
    """In the words of the card's front matter."""
    parts = card.split("---\n", 2)
    if len(parts) < 3 or parts[0].strip():
        return ""
    try:
        front = yaml.safe_load(parts[1])
    except yaml.YAMLError:
        return ""
    if not isinstance(front, dict):
        return ""
    licence = front.get("license_name") or front.get("license") or ""
    return str(licence)[:200] if isinstance(licence, str) else ""
