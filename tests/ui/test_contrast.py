"""Colours of both themes: text stands out 4.5 to 1 from whatever it may stand on, edges and lines 3 to 1 (WCAG 2.2)."""

from __future__ import annotations

import re

import pytest

from launcher.ui.application import ASSETS

TEXT = [
    *((ink, ground) for ink in ("ink", "soft", "accent") for ground in ("ground", "surface")),
    *((ink, "raised") for ink in ("ink", "soft")),
    *((ink, "accent-wash") for ink in ("ink", "accent", "accent-hover")),
    *(("accent-ink", ground) for ground in ("accent", "accent-hover")),
    *((tone, ground) for tone in ("good", "warn", "bad") for ground in ("surface", f"{tone}-wash")),
    *(("ink", f"{tone}-wash") for tone in ("good", "warn", "bad")),
    ("bad-ink", "bad"),
]
SHAPES = [
    *((line, ground) for line in ("edge", "accent") for ground in ("ground", "surface")),
    *((line, "surface") for line in ("chart-1", "chart-2", "bad")),
]


def colours(theme: str) -> dict[str, str]:
    css = (ASSETS / "launcher.css").read_text("utf-8")
    block = re.search(rf"body\.body--{theme} {{(.*?)}}", css, re.DOTALL)
    assert block is not None
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block[1]))


def brightness(colour: str) -> float:
    """Relative luminance, 0 to 1."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in channels]
    return sum(share * x for share, x in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    low, high = sorted((brightness(one), brightness(other)))
    return (high + 0.05) / (low + 0.05)


def test_black_on_white_is_known() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_shapes_stand_out_in_both_themes(theme: str) -> None:
    palette = colours(theme)
    weak = [
        f"{one} on {ground}: {found:.2f}"
        for pairs, least in ((TEXT, 4.5), (SHAPES, 3.0))
        for one, ground in pairs
        if (found := contrast(palette[one], palette[ground])) < least
    ]
    assert weak == []


def more_contrast(theme: str) -> dict[str, str]:
    """The colours of somebody whose system asks for more contrast."""
    css = (ASSETS / "asked_for.css").read_text("utf-8")
    asked = css[css.index("prefers-contrast: more") : css.index("forced-colors: active")]
    block = re.search(rf"body\.body--{theme} {{(.*?)}}", asked, re.DOTALL)
    assert block is not None
    return colours(theme) | dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block[1]))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_who_asks_for_more_contrast_has_seven_to_one_and_lines_that_show(theme: str) -> None:
    palette = more_contrast(theme)
    pairs = [*TEXT, *(("line", ground) for ground in ("ground", "surface"))]
    weak = [
        f"{one} on {ground}: {found:.2f}"
        for one, ground in pairs
        if (found := contrast(palette[one], palette[ground])) < (4.5 if one == "line" else 7.0)
    ]
    assert weak == []
