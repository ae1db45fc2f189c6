"""An image that a person names: whether our agent is in it is not known before a pod has started, and waiting costs."""

from __future__ import annotations

from launcher.domain.cost import cost_usd
from launcher.domain.offer import Offer
from launcher.services.common.boot_budget import boot_budget
from launcher.services.common.images import BOOTSTRAP, is_bootstrap
from pod_image.contract.common_settings import DEFAULT_IMAGE
from pod_image.contract.figures import dollars
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import Sentence, setting
from pod_image.contract.settings import RunSettings


def findings_on_foreign_image(
    settings: RunSettings, first: Offer, image_gb: float | None
) -> tuple[Finding, ...]:
    """What a plan says of an image that is neither ours nor started by an agent that the run sends. `first`: the GPU
    that is tried first."""
    image = settings.image
    if image == DEFAULT_IMAGE or is_bootstrap(image):
        return ()
    minutes = boot_budget(settings, image_gb).minutes
    cost = dollars(cost_usd(first.price_per_hour_usd, minutes * 60))
    return (
        Finding(
            Severity.WARNING,
            "image_foreign",
            f"No agent is known to be in {image}. Without one the pod does nothing, and is released after "
            f"{minutes:g} minutes: up to {cost} for nothing, and as much again for each further GPU that is tried.",
            Sentence(
                "For an image without our agent: ", setting("image", f"{BOOTSTRAP}:{image}"),
                ", which installs it when the pod starts. An image of your own is built on ours: docs/image.md.",
            ),
            setting="image",
        ),
    )  # fmt: skip
