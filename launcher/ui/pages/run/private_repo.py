"""A results repo that may not be read: said only where the Hub has answered so, and no token was sent along."""

from __future__ import annotations

from launcher.domain.run import Run
from launcher.errors import LauncherError
from launcher.hub.access import is_hidden
from launcher.ui.frame import show_error
from launcher.ui.state.sessions import Session
from launcher.ui.widgets.elements import button_link, notice


def show_or_ask(session: Session, run: Run, error: LauncherError, otherwise: str) -> bool:
    """Show why the repo could not be read; True where a token is what it takes, and is asked for.

    `otherwise` says what can be done with it.
    """
    if session.keys.hf_upload is not None or not is_hidden(error):
        show_error(error)
        return False
    with notice("note", f"{run.results_repo} is private", otherwise):
        button_link("Enter the token", "/keys", primary=True, symbol="key")
    return True
