"""A command to copy: as it is typed, with a button that puts it into the clipboard."""

from __future__ import annotations

from launcher.ui.widgets.elements import Button, Text, attributes, box

_COPY = """(event) => {
  const button = event.currentTarget, word = button.querySelector("span:last-child");
  navigator.clipboard.writeText(button.parentElement.querySelector("code").textContent).then(
    () => { word.textContent = "Copied"; }, () => { word.textContent = "Not copied: mark it by hand"; });
  setTimeout(() => { word.textContent = "Copy"; }, 2500);
}"""


def copyable(command: str) -> None:
    with box("div", "copyable"):
        code = Text("code", command, "mono")
        attributes(code, tabindex="0")
        Button("Copy", kind="quiet", name="").on("click", js_handler=_COPY)
