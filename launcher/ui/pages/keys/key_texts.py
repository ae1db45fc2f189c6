"""What each key is for, what whoever has it could do, and where it is made."""

from __future__ import annotations

from dataclasses import dataclass

from launcher.providers.registry import all_places
from launcher.services.common.place_key import place_key
from launcher.stores.secrets import KeyName


@dataclass(frozen=True)
class KeyText:
    title: str
    why: str
    placeholder: str
    how: tuple[str, ...]
    where: str
    place: str
    risk: str


_HUB_TEXT = {
    KeyName.HF_DATASET: KeyText(
        "Hugging Face token to read",
        "Lets the GPU download your dataset.",
        "hf_…",
        (
            "Sign up at Hugging Face; it is free.",
            "Open Settings, then Access Tokens, and create a token of type “Read”.",
            "Or create a fine-grained token that can read only the dataset repo.",
        ),
        "https://huggingface.co/settings/tokens",
        "Open Hugging Face's access tokens",
        "With it they can read what this token can read.",
    ),
    KeyName.HF_UPLOAD: KeyText(
        "Hugging Face token to write",
        "Lets the GPU upload the finished voice to your repo.",
        "hf_…",
        (
            "On the same page create a fine-grained token.",
            "Give it “Write” access to the results repo, or to your account if the repo does not exist yet.",
            "A token of type “Write” works too, but it can change everything in your account.",
        ),
        "https://huggingface.co/settings/tokens",
        "Open Hugging Face's access tokens",
        "With it they can change and delete what this token can write.",
    ),
}
_RISK_OF_A_PLACE = "With it they can rent GPUs that you pay for."


def key_text(name: KeyName) -> KeyText:
    if name in _HUB_TEXT:
        return _HUB_TEXT[name]
    key = next(place.key for place in all_places() if place_key(place) is name)
    assert key is not None
    return KeyText(
        key.title, key.why, key.example, key.steps, key.page, key.page_title, _RISK_OF_A_PLACE
    )
