"""A notice on this computer's desktop, by the program that its system has for that."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence

from pod_image.contract.news import News
from pod_image.contract.variables import for_python

RunProgram = Callable[[Sequence[str], Mapping[str, str]], Awaitable[int]]
"""Runs a program with more variables, and gives its exit code. Raises OSError, TimeoutError."""
SECONDS = 10.0
_TITLE, _TEXT = "LAUNCHER_NEWS_TITLE", "LAUNCHER_NEWS_TEXT"
_TOAST = (
    "$ErrorActionPreference = 'Stop';"
    "[void][Windows.UI.Notifications.ToastNotificationManager,Windows.UI.Notifications,ContentType=WindowsRuntime];"
    "$kind = [Windows.UI.Notifications.ToastTemplateType]::ToastText02;"
    "$toast = [Windows.UI.Notifications.ToastNotificationManager]::GetTemplateContent($kind);"
    "$lines = $toast.GetElementsByTagName('text');"
    f"[void]$lines.Item(0).AppendChild($toast.CreateTextNode($env:{_TITLE}));"
    f"[void]$lines.Item(1).AppendChild($toast.CreateTextNode($env:{_TEXT}));"
    "[Windows.UI.Notifications.ToastNotificationManager]::CreateToastNotifier('Pod Launcher')"
    ".Show([Windows.UI.Notifications.ToastNotification]::new($toast))"
)
"""The words come in variables: no letter of them is read as program."""


async def send(
    news: News, run_program: RunProgram | None = None, platform: str = sys.platform
) -> str:
    """Empty once the system took it, else why not."""
    argv = program(news, platform)
    found = shutil.which(argv[0])
    if found is None and run_program is None:
        return f"this computer has no {argv[0]}; {_HOW.get(argv[0], 'it comes with the system')}"
    try:
        code = await (run_program or _run)(
            (found or argv[0], *argv[1:]), {_TITLE: news.title, _TEXT: news.text}
        )
    except (OSError, TimeoutError) as exc:
        return f"{argv[0]} could not be run ({type(exc).__name__})"
    return "" if code == 0 else f"{argv[0]} answered {code}"


_HOW = {"notify-send": "on Debian and Ubuntu it comes with the package libnotify-bin"}


def program(news: News, platform: str) -> tuple[str, ...]:
    """The command that shows it."""
    if platform == "darwin":
        shown = "display notification (item 2 of argv) with title (item 1 of argv)"
        script = ("-e", "on run argv", "-e", shown, "-e", "end run")
        return ("osascript", *script, news.title, news.text)
    if platform == "win32":
        return ("powershell", "-NoProfile", "-NonInteractive", "-Command", _TOAST)
    return ("notify-send", "--app-name=Pod Launcher", "--", news.title, news.text)


async def _run(argv: Sequence[str], more: Mapping[str, str]) -> int:
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={**for_python(os.environ), **more},
    )
    try:
        return await asyncio.wait_for(process.wait(), SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
