"""What a plan says of a run on several pods, which do not end themselves: what it costs, and who ends it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from launcher.domain.offer import Offer
from launcher.providers.place import Place
from launcher.recipes import recipe_of
from pod_image.contract.figures import dollars, dollars_per_hour
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import NextStep, Sentence, setting
from pod_image.contract.settings import RunSettings


def findings_on_nodes(place: Place, settings: RunSettings, first: Offer) -> Iterator[Finding]:
    """Nothing of a run on one pod. `first`: what is tried first."""
    nodes = settings.nodes
    if nodes == 1:
        return
    if not recipe_of(settings).trains_on_nodes:
        yield Finding(
            Severity.ERROR,
            "nodes_recipe",
            f"The recipe {settings.recipe} trains on one pod: {nodes} would each train the same again.",
            Sentence("Leave ", setting("nodes"), " out, or raise ", setting("gpu_count"), "."),
            setting="nodes",
        )
    if settings.registry:
        yield Finding(
            Severity.ERROR,
            "nodes_registry",
            f"A {place.title} cluster cannot have an image from a private registry.",
            Sentence("Use a public image, or leave ", setting("nodes"), " out."),
            setting="nodes",
        )
    yield Finding(
        Severity.NOTE,
        "nodes_price",
        f"{dollars_per_hour(first.price_per_hour_usd)} is for {nodes} pods at "
        f"{dollars(first.price_per_hour_usd / nodes)} each. Time, cost and caps are counted for all of them.",
        setting="nodes",
    )
    yield Finding(
        Severity.WARNING,
        "nodes_watched",
        "A pod of a cluster cannot release itself. This program must watch the run to its end, and releases all pods "
        "then, or when you leave it. At the caps the pods stop training and deliver, but billing only stops when the "
        "cluster is released: if this computer is off, asleep or offline by then, all of them cost money, even over "
        "the highest price above, until the program is back or looks for forgotten pods.",
        Sentence(NextStep.LOOK_FOR_PODS, " releases such a cluster."),
        setting="nodes",
    )
    if settings.min_cuda_version:
        yield Finding(
            Severity.NOTE,
            "nodes_cuda",
            f"{place.title} cannot be asked for a CUDA version of a cluster's hosts. A host that is too old is noticed "
            "when the pods start, and they are released.",
            setting="nodes",
        )
