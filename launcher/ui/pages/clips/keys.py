"""The keys of the clips page: each presses the button that bears it, so that mouse and keyboard do the same."""

from __future__ import annotations

from nicegui import ui

from launcher.ui.widgets.dialog import Dialog
from launcher.ui.widgets.elements import Text, attributes, box, button, hint, table

KEYS = (
    ("j or ↓", "next clip"),
    ("k or ↑", "previous clip"),
    ("Space", "play the selection, or stop"),
    ("[ and ]", "set the start and end of the selection to the current position"),
    ("t", "trim to the selection"),
    ("s", "split at the current position"),
    ("m", "join with the next clip"),
    ("Delete", "leave the clip out"),
    ("e", "edit the transcript; Enter goes to the next clip, Escape back to the list"),
    ("n", "next clip with a problem"),
    ("u or Ctrl+Z", "undo"),
    ("r or Ctrl+Y", "redo"),
    ("?", "this list"),
)
PRESSES = """(event) => {
  const region = event.currentTarget, target = event.target;
  if (event.altKey || document.querySelector('dialog[open]')) return;
  const press = (key) => {
    const one = [...region.querySelectorAll('[data-key]')].find((b) => b.dataset.key.split(' ').includes(key));
    if (!one) return false;
    event.preventDefault();
    one.click();
    return true;
  };
  const types = target.closest('input, textarea, select');
  if (types) {
    if (!target.closest('.clip-words')) return;
    if (event.key === 'Enter' && !event.shiftKey) press('enter');
    else if (event.key === 'Enter') press('space');
    else if (event.key === 'Escape') region.querySelector('.clip-list').focus();
    return;
  }
  const plain = event.key === ' ' ? 'space' : event.key.toLowerCase();
  const text = region.querySelector('.clip-words input');
  if (plain === 'e' && text && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    text.focus({ preventScroll: true });  // here and now: what is typed next must not fall into the page's keys
    return;
  }
  if (plain === 'space' && target.closest('button, summary, a')) return;
  press(event.ctrlKey || event.metaKey ? 'ctrl+' + plain : plain);
}"""
"""Keys count while the focus is among the clips, so that they are in nobody's way elsewhere on the page."""


class KeyHelp:
    """The list of keys, in a dialog."""

    def __init__(self) -> None:
        self._dialog = Dialog("Keys")
        with self._dialog.body:
            hint("They work while the list of clips has the focus, outside text fields.")
            with table("Keys", ("Key", "What it does")):
                for key, does in KEYS:
                    with box("tr"):
                        Text("td", key, "mono")
                        Text("td", does)
        with self._dialog.actions:
            button("Close", self._dialog.hide)

    def show(self) -> None:
        self._dialog.show()


def keyed(element: ui.element, *keys: str) -> None:
    """Let these keys press the button."""
    attributes(element, data_key=" ".join(keys))
