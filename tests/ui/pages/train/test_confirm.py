"""What the dialog that rents says beside price and settings."""

from __future__ import annotations

from dataclasses import replace

from launcher.ui.pages.train.confirm import told
from tests.kit.plans import plan


def test_everybody_who_is_told_is_named_and_by_whom() -> None:
    both = replace(plan(), told_here=("ntfy.test", "desktop"), told_from_pod=("ntfy.test",))
    assert told(both) == "ntfy.test, from the GPU; desktop, while this program runs"
    assert told(replace(both, told_from_pod=())) == "ntfy.test, desktop, while this program runs"
    assert told(plan()) == "none while this computer is off"
