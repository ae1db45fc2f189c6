"""What differs between a plan that was agreed to and what would run now, field by field. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from launcher.domain.agreed import Agreed, AgreedOffer
from pod_image.contract.figures import dollars_per_hour
from pod_image.contract.settings import SETTINGS

NOTHING = "none"
_NOT_FREE = "not available"
_LONGEST_SHOWN = 200


@dataclass(frozen=True)
class Moved:
    """One field, with what it was and what it is. `is_harmless`: the agreed maximum holds, and the same would run."""

    field: str
    """For programs, such as "price", "settings.epochs" or "dataset.demo/clips"."""
    label: str
    was: str
    now: str
    is_harmless: bool = False

    @property
    def sentence(self) -> str:
        return f"{self.label}: {self.was}, now {self.now}."


def moves_of_offers(old: Agreed, new: Agreed) -> Iterator[Moved]:
    """A price that rose, a GPU that is not free any more; harmless: a price that fell, fewer GPUs to fall back on."""
    agreed, *others = old.offers
    today = next((each for each in new.offers if agreed.allows(each)), None)
    if today is None:
        first = new.offers[0].sentence if new.offers else NOTHING
        yield Moved("gpu", "GPU", agreed.sentence, f"{_NOT_FREE} (next: {first})")
    elif today.price_per_hour_usd != agreed.price_per_hour_usd:
        fell = today.price_per_hour_usd < agreed.price_per_hour_usd
        yield Moved("price", f"Price of {agreed.gpu_name}", *_prices(agreed, today), fell)
    for other in others:
        there = [each for each in new.offers if other.allows(each)]
        if not there:
            yield Moved("other_gpu", "GPU if unavailable", other.sentence, _NOT_FREE, True)
        elif there[0].price_per_hour_usd > other.price_per_hour_usd:
            label = f"Price of {other.sentence}, if the first is unavailable"
            dearer = f"{_price(there[0])}, and not rented"
            yield Moved("other_price", label, _price(other), dearer, True)


def _prices(agreed: AgreedOffer, today: AgreedOffer) -> tuple[str, str]:
    """With as many digits as it takes to tell them apart."""
    was, now = _price(agreed), _price(today)
    if was != now:
        return was, now
    exact = (agreed.price_per_hour_usd, today.price_per_hour_usd)
    return tuple(f"${each:g} an hour" for each in exact)  # type: ignore[return-value]


def _price(offer: AgreedOffer) -> str:
    return dollars_per_hour(offer.price_per_hour_usd)


def moves_of_facts(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Moved]:
    """By name, in the order of now, what is gone last. None of these is harmless."""
    for name in dict.fromkeys([*new, *old]):
        was, now = old.get(name), new.get(name)
        is_untold = name in _NOT_ALWAYS_TOLD and not (was and now)
        if was != now and not is_untold:
            yield Moved(name, _label(name), _shown(was), _shown(now))


def moves_of_requests(old: Agreed, new: Agreed) -> Iterator[Moved]:
    """Where the requests differ: for what no other field tells."""
    was, now = dict(_leaves(list(old.requests))), dict(_leaves(list(new.requests)))
    for path in dict.fromkeys([*now, *was]):
        if was.get(path) != now.get(path):
            label = f"What is sent ({path})"
            yield Moved(f"requests.{path}", label, _shown(was.get(path)), _shown(now.get(path)))


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, str) and value[:1] == "{":
        with suppress(ValueError):  # the run's own document stands in a variable as text
            value = json.loads(value)
    match value:
        case dict():
            for name, each in value.items():
                yield from _leaves(each, f"{path}.{name}".lstrip("."))
        case list():
            for number, each in enumerate(value):
                yield from _leaves(each, f"{path}.{number}".lstrip("."))
        case _:
            yield path, value


_NOT_ALWAYS_TOLD = ("account",)
"""Of these no answer is no other answer."""
_LABELS = {
    "resume": "Continues an earlier run",
    "account": "Account that pays",
    "secrets": "How tokens are handed over",
    "told_from_pod": "Notifications from its pod",
}
_KINDS = {
    "dataset": "Dataset {}",
    "input": "Input {}",
    "brought": "File {}",
    "folder": "Folder of input {}",
}


def _label(field: str) -> str:
    kind, _, name = field.partition(".")
    if kind == "settings":
        return f"{SETTINGS[name].knob.label} ({name})" if name in SETTINGS else name
    if field in SETTINGS:
        return SETTINGS[field].knob.label
    return _KINDS[kind].format(name) if kind in _KINDS else _LABELS.get(field, field)


def _shown(value: Any) -> str:
    match value:
        case None | "" | [] | ():
            return NOTHING
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            text = ", ".join(map(str, value))
        case _:
            text = str(value)
    half = _LONGEST_SHOWN // 2
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:half]}…{text[-half:]}"
