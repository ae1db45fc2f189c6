"""The colours of charts."""

from __future__ import annotations

from typing import Any

ACCENT, GREY = "#7a5de0", "rgba(128,124,136,0.35)"


def zoom_strip(height: int, bottom: int) -> dict[str, Any]:
    """The strip below a chart, in our colours."""
    return {
        "type": "slider", "height": height, "bottom": bottom, "borderColor": GREY, "showDetail": False,
        "backgroundColor": "transparent", "fillerColor": "rgba(122,93,224,0.16)",
        "handleStyle": {"color": ACCENT, "borderColor": ACCENT},
        "moveHandleStyle": {"color": ACCENT, "opacity": 0.5},
        "emphasis": {"handleStyle": {"color": "#5638b8"}},
        "dataBackground": {"lineStyle": {"color": GREY}, "areaStyle": {"color": GREY, "opacity": 0.2}},
        "selectedDataBackground": {"lineStyle": {"color": ACCENT},
                                   "areaStyle": {"color": ACCENT, "opacity": 0.12}},
    }  # fmt: skip
