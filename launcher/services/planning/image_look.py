"""Whether the image that a run orders is there, as a plan has to know it before anything is rented."""

from __future__ import annotations

from launcher.domain.plan import PlannedImage
from launcher.providers.place import Place
from launcher.services.common.image_check import ImageCheck, Verdict
from launcher.services.common.images import BOOTSTRAP, is_bootstrap
from launcher.services.common.our_image import ordered_image
from launcher.services.common.workbench import Workbench
from launcher.services.launching import bootstrap
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import Sentence, setting
from pod_image.contract.settings import RunSettings

_CODES = {
    Verdict.ABSENT: (Severity.ERROR, "image_absent"),
    Verdict.OTHER_PLATFORM: (Severity.ERROR, "image_platform"),
    Verdict.DENIED: (Severity.NOTE, "image_private"),
    Verdict.UNKNOWN: (Severity.NOTE, "image_not_asked"),
}
"""Only what a registry said for certain keeps a run from being rented."""


async def look_at_image(bench: Workbench, settings: RunSettings) -> ImageCheck | None:
    """What its registry says of the very image that would be ordered; None where no registry is asked, or none is
    ordered."""
    if not bench.place.is_rented:
        return None
    wanted = ordered_image(settings.image, bench.place)
    if is_bootstrap(settings.image):
        wanted = f"{BOOTSTRAP}:{wanted}"  # what is in it matters then
    return await bench.images.look(wanted, has_credential=bool(settings.registry))


def planned_image(
    settings: RunSettings, place: Place, look: ImageCheck | None
) -> PlannedImage | None:
    if look is None or look.verdict is not Verdict.THERE:
        return None
    name = ordered_image(settings.image, place)
    return PlannedImage(name, look.digest, look.size_bytes, look.python)


def findings_on_look(
    settings: RunSettings, place: Place, look: ImageCheck | None
) -> tuple[Finding, ...]:
    """What a plan says of the image, with what its registry said of it."""
    python = look.python if look else None
    found = bootstrap.findings_on_image(settings.image, place, python)
    if look is None or look.verdict is Verdict.THERE:
        return found
    severity, code = _CODES[look.verdict]
    if look.verdict is Verdict.DENIED and not settings.registry:
        severity = Severity.WARNING  # a pod without a credential is refused as we were
    hint = look.hint
    if look.verdict is Verdict.UNKNOWN:
        hint = "It is checked when a pod pulls it; a pod that cannot pull it is released."
    elif look.verdict is Verdict.OTHER_PLATFORM and not is_bootstrap(settings.image):
        hint = Sentence(
            hint, " Or use ", setting("image", BOOTSTRAP), ", which does not need our image."
        )
    return (*found, Finding(severity, code, f"{look.sentence}.", hint, setting="image"))
