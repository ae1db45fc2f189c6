"""What a run has delivered to the results repo, and bringing it to this computer."""

from __future__ import annotations

from collections.abc import Callable

from launcher.domain.run import Run
from launcher.domain.run_view import RunView
from launcher.errors import LauncherError
from launcher.recipes import recipe_of_run
from launcher.services.following.delivered_files import Downloaded, download_results, list_results
from launcher.ui.frame import Shell
from launcher.ui.pages.run.private_repo import show_or_ask
from launcher.ui.widgets.elements import (
    Handler,
    Text,
    box,
    button,
    card,
    empty_state,
    hint,
    link,
    para,
    say,
    table,
    waiting,
)
from launcher.ui.widgets.voice_link import voice_link
from pod_image.contract.figures import counted, size
from pod_image.contract.results_address import is_folder, name_below, results_kind

WITH_A_TOKEN = "Enter the Hugging Face token that can write to it to see its files."


async def draw(shell: Shell, run: Run, view: RunView) -> Callable[[Run], None]:
    place = box("div", "stack")
    drawn = [-1]

    async def ask() -> None:
        place.clear()
        with place:
            waiting("Looking for the files…")
        session = await shell.session()
        try:
            found = await list_results(session.bench, run)
        except LauncherError as error:
            place.clear()
            with place:
                if not show_or_ask(session, run, error, WITH_A_TOKEN):
                    with box("div", "row"):
                        button("Try again", ask, symbol="refresh")
            return
        place.clear()
        with place:
            if not found:
                with empty_state("Nothing delivered yet", "Checkpoints arrive during training."):
                    button("Refresh", ask, symbol="refresh")
                return
            _downloads(shell, run)
            _listing(run, [(one.path, one.size_bytes) for one in found], shell.site.config.hub_url)

    await ask()
    drawn[0] = len(view.picture.files)

    def refresh(_: Run) -> None:
        # New files come by the upload events; the list is asked for anew when the person wants it.
        if drawn[0] != len(view.picture.files):
            drawn[0] = len(view.picture.files)
            with place:
                button("New files: refresh", ask, symbol="refresh")

    return refresh


def _downloads(shell: Shell, run: Run) -> None:
    with card("Download"):
        para(
            f"Saved to {shell.site.config.results_folder / name_below(run.results_repo)}; every file is checked."
        )
        place = box("div", "stack-small")

        def bring(patterns: tuple[str, ...]) -> Handler:
            async def go() -> None:
                place.clear()
                with place:
                    waiting("Fetching…", rows=1)
                session = await shell.session()
                got: Downloaded | None = await shell.attempt(
                    download_results(session.bench, run, patterns=patterns), place
                )
                if got is not None:
                    place.clear()
                    with place:
                        say(
                            "good",
                            f"{counted(len(got.files), 'file')}, {size(got.size_bytes)}",
                            str(got.folder),
                        )
                    shell.announce("The files are downloaded.")

            return go

        with box("div", "row"):
            result = recipe_of_run(run.settings_json).shown.result
            if result is not None:
                alone = bring(result.patterns)
                button(f"Download the {result.name}", alone, kind="primary", symbol="download")
            button("Download everything", bring(("**",)), symbol="download")
            voice_link(run)


def _listing(run: Run, files: list[tuple[str, int]], hub_url: str) -> None:
    with card(f"In the {results_kind(run.results_repo)}"):
        total = sum(count for _, count in files)
        hint(f"{counted(len(files), 'file')}, {size(total)} in {run.results_repo}.")
        if not is_folder(run.results_repo):
            link(
                "Open on Hugging Face",
                f"{hub_url}/{run.results_repo}/tree/main/{run.run_id}",
                new_tab=True,
            )
        with table("Files of the run", ("File", "Size"), numeric=(1,)):
            for path, count in files:
                with box("tr"):
                    with box("td"):
                        Text("span", path.removeprefix(f"{run.run_id}/"), "mono")
                    Text("td", size(count), "number")
