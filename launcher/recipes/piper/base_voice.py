"""The voice a training starts from: is it there, how large, and under which terms."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from launcher.recipes.piper.base_phonemes import phoneme_findings
from launcher.recipes.piper.voice_bases import known_base
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import Said, Sentence, setting
from pod_image.contract.phoneme_types import PhonemeType
from pod_image.hub import Hub, HubError, Repo, look_at, read_bytes

_LICENCE = re.compile(r"^[\s*#-]*licen[cs]e\W*\s*(?P<terms>\S.*)$", re.IGNORECASE | re.MULTILINE)
_ORIGIN = re.compile(r"fine-?tuned from\s+(?P<origin>[^\n]+?)\.?\s*$", re.IGNORECASE | re.MULTILINE)
_PATTERN = re.compile(
    r"^(?P<kind>datasets/|models/)?(?P<repo>[\w.-]+/[\w.-]+)/(?P<path>.+\.(ckpt|onnx|pt))$"
)


@dataclass(frozen=True)
class BaseVoice:
    """`licence` is what its model card says, in its own words, or empty."""

    repo: Repo
    path: str
    size_bytes: int
    licence: str


def look_at_base(
    hub: Hub, checkpoint: str, kind: PhonemeType = PhonemeType.ESPEAK
) -> tuple[BaseVoice | None, tuple[Finding, ...]]:
    """The base voice, and what there is to say of it for a run of that phoneme type. Never raises HubError."""
    if not checkpoint:
        return None, ()
    match = _PATTERN.match(checkpoint)
    if match is None:
        return None, (
            _error(
                Sentence(setting("base_checkpoint"), f" cannot be {checkpoint!r}."),
                "Write owner/repo/path/file.ckpt, with datasets/ before it for a dataset repo.",
            ),
        )
    repo = Repo(match["repo"], "dataset" if match["kind"] == "datasets/" else "model")
    try:
        found = look_at(hub, repo, "main", [match["path"]])
        if match["path"] not in found:
            return None, (
                _error(
                    f"The base checkpoint {match['path']} is not in {repo}.",
                    "Copy its path from the repo's page.",
                ),
            )
        licence = _terms(checkpoint, _card(hub, repo, match["path"]))
        on_phonemes = phoneme_findings(hub, repo, match["path"], kind)
    except HubError as exc:
        return None, (_error(f"The base checkpoint cannot be read: {exc.message}", exc.hint),)
    voice = BaseVoice(repo, match["path"], found[match["path"]].size_bytes, licence)
    return voice, (*on_phonemes, _on_licence(voice))


def terms_of(hub: Hub, repo: Repo, path: str) -> str:
    """What the card beside a published voice says of its terms; empty where it says nothing. Raises HubError."""
    return _terms(f"{repo.id}/{path}", _card(hub, repo, path))


def _terms(checkpoint: str, card: str) -> str:
    """What the card says, and what our table knows beyond it: which terms came with the base's own base."""
    found = _LICENCE.search(card)
    on_card = found["terms"].strip()[:200] if found else ""
    known = known_base(checkpoint)
    if known is None:
        return _with_origin(on_card, card)
    licence = f"{known.licence}: {on_card}" if on_card.startswith("http") else on_card
    return replace(known, licence=licence or known.licence).terms


def _with_origin(on_card: str, card: str) -> str:
    """A card names the recordings' licence; the voice that the weights were made from may bind too."""
    origin = _ORIGIN.search(card)
    if not on_card or origin is None:
        return on_card
    return f"{on_card}; fine-tuned from {origin['origin'][:120]}, whose terms may apply as well"


def _card(hub: Hub, repo: Repo, path: str) -> str:
    """The MODEL_CARD beside the checkpoint, if it names terms: a repo's own tag does not speak for each voice."""
    folder = PurePosixPath(path).parent
    for name in ("MODEL_CARD", "MODEL_CARD.md", "README.md"):
        content = (read_bytes(hub, repo, str(folder / name)) or b"").decode("utf-8", "replace")
        if _LICENCE.search(content):
            return content
    return ""


def _on_licence(voice: BaseVoice) -> Finding:
    if voice.licence:
        return Finding(
            Severity.NOTE,
            "base_licence",
            f"The base voice's card names this licence: {voice.licence}. It also applies to a voice made "
            f"from this one.",
        )
    return Finding(
        Severity.WARNING,
        "base_licence",
        "The base voice has no card that names its licence.",
        "Look at the recordings it was made from before you publish or sell the new voice.",
    )


def _error(message: Said, hint: Said) -> Finding:
    return Finding(Severity.ERROR, "base", message, hint)
