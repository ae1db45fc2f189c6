"""Writing a run's settings as the task of another engine, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from launcher.cli.documents.made import ExportTask
from launcher.cli.terminal.output import Output
from launcher.config import Config, read_config
from launcher.errors import InvalidRequest
from launcher.forms.values import parse_assignment
from launcher.presets import find_preset
from launcher.services.exporting import dstack, skypilot
from launcher.services.exporting.task import WARNING, exported_task
from launcher.services.planning.compose import compose
from launcher.stores.runs import RunHistory
from pod_image.contract.older_settings import taken_over
from pod_image.contract.settings import RunSettings
from pod_image.contract.whole_file import write_whole

ENGINES = {"skypilot": skypilot, "dstack": dstack}


def export_task(
    output: Output,
    engine_name: str,
    what: str,
    folder: Path,
    run_id: str,
    assignments: Sequence[str],
) -> None:
    """Raises InvalidRequest for what is neither run nor preset, or what another engine cannot be given."""
    engine = ENGINES[engine_name]
    given = dict(parse_assignment(text) for text in assignments)
    made = exported_task(_settings(read_config(), what, given), run_id)
    path = folder / engine.FILE_NAME.format(name=made.name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, engine.to_yaml(made))
    except OSError as exc:
        raise InvalidRequest(
            f"{path} cannot be written: {exc.strerror or exc}.",
            hint="Give another folder with --out.",
        ) from exc
    warning = WARNING.format(engine=engine.TITLE)
    document: ExportTask = {
        "schema": "export.task",
        "version": 1,
        "engine": engine_name,
        "path": path,
        "secrets": list(made.secrets),
        "warning": warning,
    }
    lines = [f"{path}", "", warning, "", f"Start it: {engine.start_line(made)}"]
    output.answer(document, lambda: "\n".join(lines), quiet=str(path))


def _settings(config: Config, what: str, given: dict[str, object]) -> RunSettings:
    try:
        preset = find_preset(config, what)
    except InvalidRequest as no_preset:
        return compose(None, {**_of_run(config, what, no_preset), **given}).settings
    return compose(preset, given).settings


def _of_run(config: Config, key: str, no_preset: InvalidRequest) -> dict[str, object]:
    if not config.history_path.exists():
        raise InvalidRequest(
            f"There is neither a preset nor a run called {key!r}.", hint=no_preset.hint
        ) from no_preset
    with closing(RunHistory(config.history_path)) as history:
        try:
            values = json.loads(history.get(key).settings_json)
        except InvalidRequest as no_run:
            if key in history.shared_ids():
                raise
            raise InvalidRequest(
                f"There is neither a preset nor a run called {key!r}.", hint=no_run.hint
            ) from no_preset
    return dict(taken_over(values, of_another_release=True).values)
