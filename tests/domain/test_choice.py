"""Which offers are tried, in which order, and what is said when none will do."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.domain.choice import candidates as candidates_for
from launcher.domain.choice import matches
from launcher.domain.offer import Offer, Stock
from launcher.errors import NothingAvailable
from launcher.recipes import recipe_of
from pod_image.contract.common_settings import Cloud
from pod_image.contract.settings import RunSettings
from tests.kit.plans import offer_of

EVERYWHERE = ("EU-RO-1", "US-KS-2")


offer = partial(offer_of, data_centers=EVERYWHERE)


OFFERS = [
    offer("RTX A4000", 0.25, 16),
    offer("RTX A5000", 0.27),
    offer("RTX A5000", 0.16, cloud=Cloud.COMMUNITY),
    offer("GeForce RTX 4090", 0.69),
    offer("H100 SXM", 2.99, 80),
]


def candidates(offers: Sequence[Offer], settings: RunSettings) -> tuple[Offer, ...]:
    return candidates_for(offers, settings, recipe_of(settings).memory_needed(settings, None))


def chosen(**settings: Any) -> list[str]:
    found = candidates(OFFERS, RunSettings.model_validate(settings))
    return [f"{each.gpu_name} {each.cloud.value}" for each in found]


def test_the_cheapest_that_has_the_memory_comes_first() -> None:
    assert chosen(batch_size=32)[0] == "RTX A5000 secure"
    assert chosen(batch_size=2, quality="x-low")[0] == "RTX A4000 secure"


def test_nothing_far_dearer_than_the_first_is_rented_unasked() -> None:
    assert "H100 SXM secure" not in chosen()
    assert chosen(gpu_types=["H100 SXM", "A5000"])[0] == "H100 SXM secure"


def test_named_types_are_tried_in_the_order_they_were_named() -> None:
    assert chosen(gpu_types=["4090", "A5000"], cloud="any") == [
        "GeForce RTX 4090 secure",
        "RTX A5000 community",
        "RTX A5000 secure",
    ]


def test_a_named_type_is_taken_at_its_word_even_when_memory_looks_short() -> None:
    assert chosen(gpu_types=["A4000"], batch_size=64) == ["RTX A4000 secure"]


def test_at_equal_price_the_secure_tier_comes_first() -> None:
    offers = [offer("L4", 0.3, cloud=Cloud.COMMUNITY), offer("L4", 0.3)]
    found = candidates(offers, RunSettings(cloud=Cloud.ANY))
    assert [each.cloud for each in found] == [Cloud.SECURE, Cloud.COMMUNITY]


@pytest.mark.parametrize(
    ("wanted", "is_meant"),
    [
        ("4090", True),
        ("rtx 4090", True),
        ("RTX4090", True),
        ("NVIDIA GeForce RTX 4090", True),
        ("409", False),
        ("4090 Ti", False),
        ("A4090", False),
        ("", False),
    ],
)
def test_a_short_name_means_one_type_and_no_other(wanted: str, is_meant: bool) -> None:
    assert matches(wanted, offer("GeForce RTX 4090", 0.69)) is is_meant


@pytest.mark.parametrize(
    ("offers", "settings", "words"),
    [
        ([], {}, "of any type is available now"),
        (OFFERS, {"gpu_types": ["RTX 5099"]}, "launcher offers"),
        (OFFERS[2:3], {"gpu_types": ["A5000"]}, "--cloud community"),
        (OFFERS[2:3], {}, "--cloud any"),
        (OFFERS[:3], {"batch_size": 128}, "A smaller --batch-size"),
        ([offer("L4", 0.3, stock=Stock.NONE)], {}, "none available"),
        (OFFERS, {"data_centers": ["AP-JP-1"]}, "in EU-RO-1, US-KS-2"),
    ],
)
def test_when_nothing_will_do_the_nearest_offer_and_what_blocks_it_are_named(
    offers: list[Offer], settings: dict[str, Any], words: str
) -> None:
    with pytest.raises(NothingAvailable) as caught:
        candidates(offers, RunSettings.model_validate(settings))
    assert words in f"{caught.value.message} {in_terminal(caught.value.hint)}"


def test_stock_is_ordered_by_how_much_there_is() -> None:
    in_order = [Stock.NONE, Stock.LOW, Stock.NOT_TOLD, Stock.MEDIUM, Stock.HIGH]
    assert sorted(Stock) == in_order
    assert max([Stock.LOW, Stock.HIGH, Stock.NONE]) is Stock.HIGH
    assert Stock.HIGH >= Stock.HIGH > Stock.LOW
    assert Stock.LOW <= Stock.MEDIUM
