"""A page looked at by axe-core, light, dark and on a phone; where axe is unsure of a contrast, by our own reckoning."""

from __future__ import annotations

from typing import Any

from tests.browser.looks import LOOKS
from tests.browser.page_states import PAGE_STATES, WITH_KEYS, WITH_RUNS, PageState
from tests.browser.window import Window

RUN_AXE = """async (rules) => {
  const drawn = () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  await drawn();
  const only = rules.length ? {runOnly: {type: 'rule', values: rules}} : {};
  const found = await axe.run(
    document, {resultTypes: ['violations', 'incomplete'], elementRef: true, ...only});
  const words = (n) => n.html.slice(0, 160) + ' | ' +
    n.any.concat(n.all, n.none).map(c => c.message).join('; ').slice(0, 160);
  const wrong = found.violations.flatMap(v => v.nodes.map(n => `${v.id}: ${words(n)}`));
  for (const v of found.incomplete) for (const n of v.nodes) {
    if (v.id !== 'color-contrast') wrong.push(`unsure of ${v.id}: ${words(n)}`);
    else if (!readable(n.element)) wrong.push(`too little contrast: ${words(n)}`);
  }
  return wrong;

  // Where axe is unsure of the ground (a shape beside it, a gradient, one letter): the farthest-reaching
  // guess, that every colour of every layer below, down to the first opaque one, may be the ground.
  function readable(element) {
    if (!element.isConnected) return true;  // redrawn meanwhile: nobody reads what is gone
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize), is_large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    const ink = channels(style.color);
    return grounds(element).every(one => ratio(over(ink, one), one) >= (is_large ? 3 : 4.5));
  }
  function grounds(element) {
    const layers = [];
    for (let one = element; one; one = one.parentElement) {
      const style = getComputedStyle(one);
      const inPicture = style.backgroundImage.match(/rgba?\\([^)]*\\)/g) || [];
      layers.push(...inPicture.map(channels));
      const plain = channels(style.backgroundColor);
      if (plain[3] > 0) layers.push(plain);
      if (plain[3] === 1) break;
    }
    const bottom = layers.length && layers.at(-1)[3] === 1 ? layers.at(-1) : [255, 255, 255, 1];
    return [bottom, ...layers.map(one => over(one, bottom))];
  }
  function channels(text) {
    const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
    return [r, g, b, a];
  }
  function over(top, below) {
    return [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  }
  function ratio(one, other) {
    const light = (c) => [0, 1, 2].map(i => c[i] / 255)
      .map(x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4)
      .reduce((sum, x, i) => sum + x * [0.2126, 0.7152, 0.0722][i], 0);
    const [high, low] = [light(one), light(other)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  }
}"""
WIDTHS = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
OFF_CENTRE = """() => [...document.querySelectorAll("dialog[open]")].filter((one) => {
  const box = one.getBoundingClientRect();
  const off = [box.left + box.right - document.documentElement.clientWidth, box.top + box.bottom - window.innerHeight];
  return off.some((each) => Math.abs(each) > 40);
}).map((one) => `a dialog beside the middle: ${one.innerText.slice(0, 60)}`)"""
UNSURE_IS_FINE = {
    "label-content-name-mismatch": "the “?” beside a field is a sign; its name says what it leads to",
    "aria-valid-attr-value": "aria-controls of the menu's button on a page that is wide",
}
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
ALL_STATES = (*PAGE_STATES, *WITH_KEYS, *WITH_RUNS)
LOOKED_AT = [one for one in ALL_STATES if not one.within]
FIRST_OF_A_PAGE = list({one.path: one for one in reversed(LOOKED_AT)}.values())


def look_once(window: Window, axe: str, page_state: PageState) -> list[str]:
    """What is wrong with the page as its window is set up, every rule asked; the window is at the page already."""
    page = window.page
    page_state.act(page)
    page.wait_for_timeout(500)  # prices and charts come a moment later
    return judged_here(page, axe)


def look_in(window: Window, axe: str, page_state: PageState) -> list[str]:
    """The same in one of the looks, which takes turns from state to state; the window is as before afterwards."""
    page, turn = window.page, LOOKS[[*ALL_STATES].index(page_state) % len(LOOKS)]
    page.set_viewport_size({"width": turn.width, "height": turn.height})
    page.emulate_media(color_scheme=turn.scheme)
    window.go(page_state.path)
    wrong = look_once(window, axe, page_state)
    page_state.after(page)
    page.set_viewport_size(DESK)
    found, window.problems, window.abroad = window.problems + window.abroad, [], []
    return [f"{turn.name}: {line}" for line in wrong] + found


def judged_here(page: Any, axe: str) -> list[str]:
    """What is wrong with what the page shows now."""
    page.evaluate(axe)
    wrong = _judged(page.evaluate(RUN_AXE, [])) + page.evaluate(OFF_CENTRE)
    scrolled, shown = page.evaluate(WIDTHS)
    return wrong + ([f"scrolls sideways: {scrolled} in {shown}"] if scrolled > shown else [])


def look(window: Window, axe: str, page_state: PageState) -> list[str]:
    """What is wrong with the page, in lines. In the dark only colours can differ, on a phone only the width."""
    page = window.page
    page.emulate_media(color_scheme="light")
    window.go(page_state.path)
    page_state.act(page)
    page.evaluate(axe)
    wrong = [f"light: {line}" for line in _judged(page.evaluate(RUN_AXE, []))]
    wrong += page.evaluate(OFF_CENTRE)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("document.body.classList.contains('body--dark')")
    wrong += [f"dark: {line}" for line in _judged(page.evaluate(RUN_AXE, ["color-contrast"]))]
    if page_state in FIRST_OF_A_PAGE:
        page.set_viewport_size(PHONE)
        widths = page.evaluate(WIDTHS)
        page.set_viewport_size(DESK)
        wrong += [f"scrolls sideways on a phone: {widths}"] if widths[0] > widths[1] else []
    page_state.after(page)
    found, window.problems, window.abroad = window.problems + window.abroad, [], []
    return wrong + found


def _judged(lines: list[str]) -> list[str]:
    return [
        one for one in lines if one.split(":")[0].removeprefix("unsure of ") not in UNSURE_IS_FINE
    ]
