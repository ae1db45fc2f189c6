"""Icons, drawn as strokes on a 24 by 24 grid; always beside a word, so never read aloud."""

from __future__ import annotations

_STROKES = {
    "home": "M4 11.2 12 4.5l8 6.7M6.5 9.5V19.5h11V9.5M10 19.5v-5h4v5",
    "dataset": "M5 12h1.5M9 7.5v9M12.5 4.5v15M16 8.5v7M19 11v2",
    "train": "M4.5 18.5 10 12l3.5 3 6-8.5M15.5 6.5h4v4",
    "runs": "M5 6.5h14M5 12h14M5 17.5h9",
    "voice": "M12 4a2.6 2.6 0 0 1 2.6 2.6v4.8a2.6 2.6 0 0 1-5.2 0V6.6A2.6 2.6 0 0 1 12 4Z"
    "M6.5 11.5a5.5 5.5 0 0 0 11 0M12 17v3",
    "help": "M9.3 9.2a2.8 2.8 0 1 1 4.2 2.5c-1 .6-1.5 1.1-1.5 2.2M12 17v.2"
    "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17Z",
    "key": "M14.5 4.5a5 5 0 1 1-4.6 7L4.5 17v2.5H8v-2h2v-2l1.4-1.4a5 5 0 0 1 3.1-9.6ZM16 8v.2",
    "bell": "M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15ZM10 20a2.2 2.2 0 0 0 4 0",
    "menu": "M4.5 7h15M4.5 12h15M4.5 17h15",
    "check": "M5 12.5 10 17.5 19.5 7",
    "cross": "M6.5 6.5l11 11M17.5 6.5l-11 11",
    "warning": "M12 5 3.8 19h16.4L12 5ZM12 10.5v4M12 16.8v.2",
    "note": "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17ZM12 11v5M12 7.8v.2",
    "stop": "M7 7h10v10H7z",
    "save": "M5 5h11l3 3v11H5zM8.5 5v4h6V5M8 19v-5.5h8V19",
    "speak": "M4.5 9.5v5h3.5l4.5 4v-13l-4.5 4ZM16 9a4.5 4.5 0 0 1 0 6M18.5 6.5a8 8 0 0 1 0 11",
    "download": "M12 4.5v10M7.5 10.5 12 15l4.5-4.5M5 19.5h14",
    "upload": "M12 15V5M7.5 9.5 12 5l4.5 4.5M5 19.5h14",
    "trash": "M5 7h14M9.5 7V4.8h5V7M7 7l.8 12.5h8.4L17 7M10.3 10.5v5.5M13.7 10.5v5.5",
    "clock": "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17ZM12 7.5V12l3 2",
    "gpu": "M4.5 7.5h15v8h-15zM8 15.5v3M12 15.5v3M16 15.5v3M8 10h3v3H8zM14.5 11.5h2",
    "folder": "M4 6.5h6l2 2.5h8v9.5H4z",
    "refresh": "M19 12a7 7 0 1 1-2.2-5.1M19 4.5v4h-4",
    "compare": "M5 18c3-9 5 2 8-6s4-5 6-6M5 12c3 4 6-3 9 1s3 4 5 3",
    "plus": "M12 5v14M5 12h14",
    "undo": "M8.5 5.5 4.5 9.5l4 4M5 9.5h9a5 5 0 0 1 0 10h-3",
    "redo": "M15.5 5.5l4 4-4 4M19 9.5h-9a5 5 0 0 0 0 10h3",
    "edit": "M5 19l1-4.2L16.3 4.5l3.2 3.2L9.2 18 5 19ZM14 6.8l3.2 3.2",
    "open": "M9 5.5H5.5v13h13V15M13 5.5h5.5V11M18 6l-7 7",
}


def svg(name: str, size: int = 20) -> str:
    """The icon as inline SVG in the colour of the text around it. Raises KeyError for an unknown name."""
    return (
        f'<svg class="icon" viewBox="0 0 24 24" width="{size}" height="{size}" fill="none" '
        'stroke="currentColor" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round" '
        f'aria-hidden="true" focusable="false"><path d="{_STROKES[name]}"/></svg>'
    )
