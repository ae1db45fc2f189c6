"""A run's own command as its teacher: its environment, its packages, and the places its words name."""

from __future__ import annotations

import os
from collections.abc import Callable

from pod_image.contract.command_environment import variable
from pod_image.contract.environment import EVENTS_FD_VARIABLE, RUN_VARIABLE
from pod_image.contract.interpreter import SAFE_PATH_VARIABLE
from pod_image.contract.paths import RunFolder
from pod_image.contract.recipes.distil import DistilSettings
from pod_image.recipes.command.filling_in import filled
from pod_image.recipes.command.inputs import put_inputs
from pod_image.recipes.command.packages import activated
from pod_image.recipes.command.recipe import ENVIRONMENT
from pod_image.recipes.distil.command_teacher import CommandTeacher

_PRIVATE = (EVENTS_FD_VARIABLE, RUN_VARIABLE, SAFE_PATH_VARIABLE)
"""Ours, and no teacher's."""


def command_teacher(
    settings: DistilSettings, folder: RunFolder, alive: Callable[[], None]
) -> CommandTeacher:
    """It starts in the folder that brought files are in; its environment is that of any command, without a key.

    Raises OSError.
    """
    work = folder.prepared
    environment = {name: value for name, value in os.environ.items() if name not in _PRIVATE}
    places = {"DATASET_DIR": str(folder.dataset), **put_inputs(settings.input, folder)}
    own = {
        **places,
        **activated(work / ENVIRONMENT, environment),
        **dict(map(variable, settings.env)),
    }
    places["WORK_DIR"] = str(work)
    argv = tuple(filled(word, places) for word in settings.teacher_command)
    return CommandTeacher(argv, work, {**environment, **own}, settings.language, alive)
