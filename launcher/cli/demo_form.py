"""The web form on the demo's stand-ins: the same pages, keys that open nothing, a home of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from launcher.cli.completing import complete
from launcher.cli.following import end_on_signals
from launcher.cli.form_door import FormDoor
from launcher.config import Config, read_config
from launcher.demo.base_voice import DemoBase, demo_preset
from launcher.demo.cloud import DemoCloud, demo_cloud
from pod_image.contract.next_steps import Said

if TYPE_CHECKING:
    from launcher.ui.server.guard import Guard  # the form is loaded when it is served

POLL_SECONDS = 1.0
"""The stand-in has no limit worth keeping, and a demo should feel alive."""
NOTE = (
    "This is the demo: RunPod, Hugging Face and the image registries are simulated on this computer, and "
    "nothing costs money. The dataset is demo/clips, the results repo is demo/voice."
)


def open_form(
    faults: list[str],
    folder: Path,
    *,
    base: DemoBase | None,
    door: FormDoor,
    say: Callable[[Said], None],
    ready: Callable[[Guard], None] | None = None,
) -> dict[str, int]:
    """Start the stand-ins and the form below `folder`, and stay until Ctrl-C. How often each fault struck."""
    end_on_signals()
    with demo_cloud(folder / "cloud", dict.fromkeys(faults), base=base) as cloud:
        config = demo_config(cloud, folder)
        preset = demo_preset(config, base).name
        serve_form(cloud, config, preset, door=door, say=say, ready=ready)
        return cloud.struck


def demo_config(cloud: DemoCloud, folder: Path) -> Config:
    """A configuration that points at the stand-ins and writes below `folder` alone."""
    config = read_config({**cloud.env, "LAUNCHER_HOME": str(folder / "home")})
    return replace(config, poll_seconds=POLL_SECONDS)


def serve_form(
    cloud: DemoCloud,
    config: Config,
    preset: str,
    *,
    door: FormDoor,
    say: Callable[[Said], None],
    ready: Callable[[Guard], None] | None = None,
) -> None:
    from launcher.ui.application import make_site, serve
    from launcher.ui.state.preferences import Preferences, read_preferences, write_preferences

    if read_preferences(config.preferences_path) == Preferences():
        write_preferences(
            config.preferences_path,
            Preferences(
                last_preset=preset,
                last_dataset_repo=cloud.dataset_repo,
                last_results_repo=cloud.results_repo,
            ),
        )
    site = make_site(config, environment=cloud.env, demo=NOTE)
    complete(
        serve(
            site,
            port=door.port,
            own_name=door.own_name,
            open_browser=door.open_browser,
            say=say,
            ready=ready,
        )
    )
