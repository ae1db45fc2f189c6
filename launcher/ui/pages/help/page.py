"""Help: what there is to know, in place and searchable; every "?" of the form shows its part of it beside its field."""

from __future__ import annotations

from fastapi import FastAPI, HTTPException
from fastapi.responses import JSONResponse
from nicegui import ui

from launcher.ui.frame import Shell, page
from launcher.ui.pages.help.topics import Topic, search, settings_sections, text_at, topics
from launcher.ui.state.site import Site
from launcher.ui.widgets.elements import Text, attributes, box, heading, hint, link, para
from launcher.ui.widgets.inputs import Field


def register(site: Site, outer: FastAPI) -> None:
    outer.get("/help-texts/{topic}/{place}", response_class=JSONResponse)(_text_of_place)
    page(site, "/help", "Help", _build)


async def _text_of_place(topic: str, place: str) -> JSONResponse:
    """What a field shows of the help without leaving its page."""
    lines = text_at(topic, place)
    if not lines:
        raise HTTPException(404, "There is no help page with that name.")
    return JSONResponse({"lines": lines})


async def _build(shell: Shell, topic: str = "start") -> None:
    found = topics()
    chosen = found.get(topic, found["start"])
    with box("div", "help"):
        with box("div", "help-side"):
            _search_box(shell)
            with box("nav", "help-nav", aria_label="Topics"):
                for one in found.values():
                    anchor = link(one.title, f"/help?topic={one.name}")
                    attributes(anchor, aria_current="page" if one is chosen else None)
        with box("article", "prose card"):
            _show(chosen)
    ui.run_javascript(
        "if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView()"
    )


def _search_box(shell: Shell) -> None:
    def look(words: object) -> None:
        found = search(str(words or ""))
        hits.clear()
        with hits:
            for hit in found[:8]:
                with box("li"):
                    link(hit.title, hit.href)
                    hint(hit.excerpt)
            if words and not found:
                Text("li", "Nothing found. Try another word.")
        shell.announce(f"{len(found)} found")

    Field("help-search", "Search the help", on_commit=look, placeholder="price, token, noise…")
    hits = box("ul", "help-hits")


def _show(topic: Topic) -> None:
    if topic.name == "settings":
        _settings()
        return
    heading(2, topic.title)
    intro = topic.text.split("\n", 1)[1].split("\n## ", 1)[0].strip()
    ui.markdown(intro)
    for place, title, text in topic.sections:
        attributes(heading(3, title), id=place)
        ui.markdown(text)


def _settings() -> None:
    heading(2, "Every setting")
    para("A preset sets most of them. You find each one on the Train page under the same name.")
    group_before = ""
    for place, label, group, text in settings_sections():
        if group != group_before:
            heading(3, group)
            group_before = group
        with box("section", id=place):
            heading(4, label)
            para(text)
