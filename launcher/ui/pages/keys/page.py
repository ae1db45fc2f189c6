"""Keys: entered, checked, forgotten, and remembered by this computer when a person wants that."""

from __future__ import annotations

import asyncio

from nicegui import ui

from launcher.stores.secrets import KeyName
from launcher.ui.frame import Shell, page
from launcher.ui.pages.keys.forgotten import forgotten_gpus
from launcher.ui.pages.keys.key_row import KeyRow
from launcher.ui.pages.keys.offers import Offers
from launcher.ui.pages.keys.told import ToldSection
from launcher.ui.state.site import Site
from launcher.ui.widgets.elements import Text, box, card


def register(site: Site) -> None:
    page(
        site,
        "/keys",
        "Keys",
        _build,
        lead="Kept in this program's memory, for this tab and for the tabs you allow. Ten seconds after you close "
        "the last of them they are forgotten.",
    )


async def _build(shell: Shell) -> None:
    ready = box("div", "stack-small").mark("key-offers")
    rows = [KeyRow(shell, name) for name in KeyName]
    told = ToldSection(shell)

    async def draw_anew() -> None:
        await asyncio.gather(*(row.check_if_held() for row in rows))

    async def follow() -> None:
        await asyncio.gather(*(row.follow() for row in rows))

    Offers(shell, ready, told, draw_anew)
    _about(shell)
    await asyncio.gather(*(row.check_if_held() for row in rows))
    forgotten_gpus(shell)
    with shell.client.content:
        ui.timer(1.0, follow)


def _about(shell: Shell) -> None:
    with card("What happens to a key"), box("ul", "prose"):
        Text("li", f"It is sent only to {shell.site.place.title} or Hugging Face.")
        Text(
            "li",
            "It is never shown again or logged, and saved only if you press “Remember on this computer”. "
            "“Forgotten” means removed from memory; no program can promise that the bytes are overwritten.",
        )
        Text(
            "li",
            "Other tabs of this browser get your keys only after you press “Allow” here. Tabs that share keys "
            "forget them together. Other browsers, other users of this computer and other websites get none.",
        )
        Text(
            "li",
            "A launch under way keeps its own copy until the GPU is ready. From then on the GPU ends by "
            "itself and needs none of your keys.",
        )
