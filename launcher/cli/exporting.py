"""Writing a run's settings as the task of another engine, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from launcher.cli.documents.made import ExportTask
from launcher.cli.session import find, run
from launcher.cli.terminal.output import Output
from launcher.config import Config, read_config
from launcher.errors import HubError, InvalidRequest
from launcher.forms.values import parse_assignment
from launcher.presets import find_preset
from launcher.services.exporting import dstack, skypilot
from launcher.services.exporting.task import WARNING, exported_task
from launcher.services.planning.compose import compose
from launcher.stores.runs import RunHistory
from launcher.stores.secrets import HUB_KEYS
from pod_image.contract.older_settings import taken_over
from pod_image.contract.results_address import is_folder
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
    """Raises InvalidRequest for what is neither run nor preset, what another engine cannot be given, a run ID that is
    taken, and a file that is there.
    """
    engine = ENGINES[engine_name]
    given = dict(parse_assignment(text) for text in assignments)
    settings = _settings(read_config(), what, given)
    made = exported_task(settings, run_id)
    path = folder / engine.FILE_NAME.format(name=made.name)
    if path.exists():
        raise InvalidRequest(
            f"{path} already exists.",
            hint="Choose another folder with --out or another --run-id, or move it away.",
        )
    unchecked = _refuse_taken(settings.results, run_id)
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
    lines = [
        f"{path}",
        "",
        warning,
        *unchecked,
        "",
        f"Start it: {engine.start_line(made, str(path))}",
    ]
    output.answer(document, lambda: "\n".join(lines), quiet=str(path))


def _refuse_taken(results: str, run_id: str) -> list[str]:
    """Raises InvalidRequest where the results repo has such a run. What is to be said where that cannot be told."""
    keys = find(optional=HUB_KEYS, any_place=False)
    if is_folder(results) or keys.hf_upload is None:
        return ["", f"It was not checked whether {results} has a run {run_id} already."]
    try:
        taken = run(keys, lambda bench: bench.results(results).run_ids())
    except HubError as error:
        return [
            "",
            f"It could not be checked whether {results} has a run {run_id}: {error.message}",
        ]
    if run_id in taken:
        raise InvalidRequest(
            f"{results} already has a run {run_id}.", hint="Give it another name with --run-id."
        )
    return []


def _settings(config: Config, what: str, given: dict[str, object]) -> RunSettings:
    try:
        preset = find_preset(config, what)
    except InvalidRequest as no_preset:
        return compose(None, {**_of_run(config, what, no_preset), **given}).settings
    return compose(preset, given).settings


def _of_run(config: Config, key: str, no_preset: InvalidRequest) -> dict[str, object]:
    neither = f"There is neither a preset nor a run called {key!r}."
    if not config.history_path.exists():
        raise InvalidRequest(neither, hint=no_preset.hint) from no_preset
    with closing(RunHistory(config.history_path)) as history:
        try:
            values = json.loads(history.get(key).settings_json)
        except InvalidRequest as no_run:
            if key in history.shared_ids():
                raise
            raise InvalidRequest(neither, hint=no_run.hint) from no_preset
    return dict(taken_over(values, of_another_release=True).values)
