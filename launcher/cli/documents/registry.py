"""Which command prints which documents under `--json`. For the schema and for tests; no command loads it.

A new command gets its TypedDict in a module beside this one and its line here; then
`python -m launcher.cli.documents.docs --write`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from launcher.cli.documents import (
    account,
    agents,
    datasets,
    fleet,
    following,
    heard,
    made,
    plan,
    queue,
    runs,
    said,
    studies,
    told,
)


@dataclass(frozen=True)
class EventLine:
    """Stands for a pod's event, whose kinds are declared in pod_image/contract/bodies.py."""


@dataclass(frozen=True)
class Shapes:
    """`answers`: one of them is printed, at the end; `lines` come before, in any number and order.

    A command with `lines` prints one document a line; any other prints its answer over several lines.
    """

    answers: tuple[Any, ...] = ()
    lines: tuple[Any, ...] = ()


EVERYWHERE = (said.Error, said.Notice)
"""What any command may print, one line each on stderr."""

_OF_A_RUN = (following.Launch, following.PodChanged, EventLine)

COMMANDS: Mapping[str, Shapes] = {
    "demo": Shapes(
        (made.Demo, made.DemoStandIns, made.DemoFaults),
        (plan.PlanDocument, *_OF_A_RUN, said.Address),
    ),
    "ui": Shapes((), (said.Address,)),
    "serve": Shapes((), (account.Serve,)),
    "serve token": Shapes((account.ServeToken,)),
    "plan": Shapes((plan.PlanDocument,)),
    "deploy": Shapes(
        (following.Deploy,), (account.Reap, said.PlanMoves, plan.PlanDocument, *_OF_A_RUN)
    ),
    "queue add": Shapes((queue.QueueAdded,)),
    "queue list": Shapes((queue.Queue,)),
    "queue run": Shapes((queue.Queue,), (queue.QueueStep,)),
    "queue pause": Shapes((queue.Queue,)),
    "queue resume": Shapes((queue.Queue,)),
    "queue move": Shapes((queue.Queue,)),
    "queue remove": Shapes((queue.Queue,)),
    "rerun": Shapes((following.Deploy,), (account.Reap, plan.PlanDocument, *_OF_A_RUN)),
    "mcp": Shapes((agents.Mcp,)),
    "presets list": Shapes((account.PresetsList,)),
    "presets show": Shapes((account.PresetsShow,)),
    "presets save": Shapes((account.PresetsSave,)),
    "presets delete": Shapes((account.PresetsDelete,)),
    "init trainer": Shapes((account.InitTrainer, account.InitTrainers)),
    "offers": Shapes((plan.Offers,)),
    "gpus": Shapes((plan.Offers,)),
    "dataset check": Shapes((datasets.DatasetCheck,)),
    "dataset make": Shapes((datasets.DatasetMake,)),
    "dataset push": Shapes((datasets.DatasetPush,)),
    "dataset record": Shapes((), (said.Address,)),
    "dataset list": Shapes((datasets.DatasetList,)),
    "dataset show": Shapes((datasets.DatasetShow,)),
    "dataset edit": Shapes((datasets.DatasetEdit,)),
    "dataset drop": Shapes((datasets.DatasetDrop,)),
    "dataset restore": Shapes((datasets.DatasetRestore, datasets.DatasetLeftOut)),
    "dataset undo": Shapes((datasets.DatasetUndo,)),
    "dataset redo": Shapes((datasets.DatasetRedo,)),
    "dataset delete": Shapes((datasets.DatasetDelete,)),
    "dataset empty-trash": Shapes((datasets.DatasetEmptyTrash,)),
    "dataset transcribe": Shapes((heard.DatasetTranscribe,), (said.Progress,)),
    "dataset proofread": Shapes(
        (heard.DatasetProofread, heard.DatasetProofreadUndo), (said.Progress,)
    ),
    "voices list": Shapes((made.VoicesList,)),
    "voices fetch": Shapes((made.VoicesFetch,)),
    "voices use": Shapes((made.VoicesUse,)),
    "voices say": Shapes((made.VoicesSay,)),
    "voices export": Shapes((made.VoicesExport,)),
    "voices bases": Shapes((made.VoicesBases,)),
    "study create": Shapes((studies.StudyCreate,)),
    "study add": Shapes((studies.StudyAdd,)),
    "study run": Shapes((studies.StudyRun,), (studies.StudyNews,)),
    "study show": Shapes((studies.StudyShow,)),
    "study stop": Shapes((studies.StudyStop,)),
    "study list": Shapes((studies.StudyList,)),
    "label": Shapes((runs.Label,)),
    "runs": Shapes((runs.Runs,)),
    "top": Shapes((fleet.Top,)),
    "attach": Shapes((runs.Attach,)),
    "show": Shapes((following.Show,)),
    "compare": Shapes((runs.Compare,)),
    "watch": Shapes((), (EventLine,)),
    "wait": Shapes((following.Wait,)),
    "cp": Shapes((made.Copy,)),
    "exec": Shapes((following.Exec,)),
    "shell": Shapes((), (following.Exec,)),
    "notify list": Shapes((told.NotifyList,)),
    "notify set": Shapes((told.NotifySet,)),
    "notify test": Shapes((told.NotifyTest,)),
    "logs": Shapes((), (EventLine, following.LogLine)),
    "sample": Shapes((following.Sample,)),
    "save": Shapes((following.Save,)),
    "stop": Shapes((following.Stop,)),
    "abort": Shapes((runs.Abort,)),
    "results": Shapes((made.Results, made.ResultsDownload)),
    "share": Shapes((made.Share,)),
    "tensorboard": Shapes((), (said.Address,)),
    "export voice": Shapes((made.Export,)),
    "export task": Shapes((made.ExportTask,)),
    "cost": Shapes((runs.Cost,)),
    "keys set": Shapes((account.KeysSet,)),
    "keys check": Shapes((account.KeysCheck,)),
    "keys forget": Shapes((account.KeysForget,)),
    "reap": Shapes((account.Reap,)),
    "doctor": Shapes((account.Doctor,)),
}
"""By the command's words."""
