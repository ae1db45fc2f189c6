"""An image of somebody else's: the plan says what is not known of it, and what that may cost."""

from __future__ import annotations

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.services.planning.foreign_image import findings_on_foreign_image
from pod_image.contract.common_settings import DEFAULT_IMAGE
from pod_image.contract.findings import Severity
from pod_image.contract.settings import RunSettings
from tests.kit.plans import offer

FOREIGN = "docker.io/somebody/torch:2"


def test_no_agent_is_known_to_be_in_it_and_the_wait_has_its_price() -> None:
    settings = RunSettings(image=FOREIGN, boot_minutes=20)
    (found,) = findings_on_foreign_image(settings, offer("a", "A", 0.9), None)
    assert found.severity is Severity.WARNING
    assert f"No agent is known to be in {FOREIGN}" in str(found.message)
    assert "released after 20 minutes: up to $0.30" in str(found.message)
    assert f"--image bootstrap:{FOREIGN}" in in_terminal(found.hint)


@pytest.mark.parametrize("image", [DEFAULT_IMAGE, "bootstrap", f"bootstrap:{FOREIGN}"])
def test_of_ours_and_of_one_that_gets_our_agent_nothing_is_said(image: str) -> None:
    assert findings_on_foreign_image(RunSettings(image=image), offer("a", "A", 0.9), None) == ()
