"""What is known of a place without asking it. No HTTP: the start of any command may read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pod_image.contract.next_steps import Link, Said


@dataclass(frozen=True)
class PlaceKey:
    """The key that opens a place, as the person meets it."""

    name: str
    """As `launcher keys` takes it."""
    prefixes: tuple[str, ...]
    """Keys of this place begin so, and no other keys do."""
    title: str
    why: str
    example: str
    steps: tuple[str, ...]
    """How a newcomer gets one."""
    page: str
    """Where keys are made."""
    page_title: str


@dataclass(frozen=True)
class PlaceImages:
    """What the place has of its own, and how long it takes to bring an image to a machine."""

    bootstrap: str
    """What `bootstrap` alone stands for: an image with Python 3.11 or newer and pip."""
    compressed_gb: Mapping[str, float]
    """Of images whose size is known here beside ours."""
    pull_mb_per_second: float
    """Download and unpacking on the slowest machine worth its price."""
    machine_minutes: float
    """From the order to a machine that begins to pull."""
    credential: str
    """What --registry names, with its article; empty where private images are not to be had."""
    last_resort: str = ""
    """Words of a shell that end a pod whose image has no Python, for as long as it lives; empty where the
    container's end is the pod's own."""


@dataclass(frozen=True)
class Place:
    """Somewhere that runs can go. One object per folder below `providers/`."""

    name: str
    title: str
    """Name of the provider, as sentences use it."""
    url: str
    """Its own address; empty where it has none."""
    key: PlaceKey | None
    """None where it takes no key of its own."""
    console: str
    """Where a person sees and ends pods by hand."""
    console_address: str
    """The same without a scheme, short enough for a sentence."""
    prices: str
    """How and how much one pays, to follow "You pay RunPod"."""
    out_of_money: str
    """What happens to pods when the account's money is gone, as a sentence."""
    least_disk_gb: int
    """A smaller disk is not rented."""
    images: PlaceImages
    billing_address: str = ""
    """Of the page where credit is added; empty where nothing is paid."""
    limits_address: str = ""
    """Of the page where one asks for a higher spend limit, or for more pods; empty where there is neither."""
    keys_address: str = ""
    """Of the page where a key is given more rights, short enough for a sentence."""
    disk_usd_per_gb_month: float = 0.0
    """What the disk costs beside the price of an offer."""
    keeps_secrets: bool = True
    """They lie in the account until a pod asks for them; else they go with the order, and nothing is left of them."""
    tells_stock: bool = True
    """It says of its offers whether they are free now."""
    is_on_hub: bool = False
    """It is part of Hugging Face: what stands in for the Hub stands in for it."""
    most_nodes: int = 1
    """That one run can have; more than one are a cluster."""
    is_rented: bool = True
    """It rents out machines: for a price, with a disk that is ordered, and an image that is fetched. Else it is the
    person's own: free, with what it has."""

    @property
    def kind(self) -> str:
        """What the setting `provider` calls it; of machines that a person names one by one the same for all."""
        return self.name.partition(":")[0]

    def address(self, given: Mapping[str, str], hub_url: str = "") -> str:
        """The address to use, `given` being those that stand in for a place's own, by its name."""
        return given.get(self.name) or (self.is_on_hub and hub_url) or self.url

    def how_to_top_up(self, *, begins: bool = True) -> Said:
        """Where credit is added, as the beginning of a sentence or its end; empty where nothing is paid."""
        words = "Add credit" if begins else "add credit"
        return Link(words, self.billing_address) if self.billing_address else ""

    @property
    def how_to_raise(self) -> Said:
        """Where a higher limit is asked for, as the end of a sentence."""
        return Link(f"ask {self.title} for more", self.limits_address)

    def has_stand_in(self, given: Mapping[str, str], hub_url: str = "") -> bool:
        """Whether somebody else answers for it: a demo, a test."""
        return self.address(given, hub_url) != self.url
