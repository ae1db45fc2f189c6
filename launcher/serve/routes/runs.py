"""Runs: which there are, how one stands, launching one by a plan's hash, saying something to its pod."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from launcher.domain.run import Run, RunState
from launcher.serve.commanding import command, receipt_of
from launcher.serve.deploying import Deploys
from launcher.serve.documents.base import ProblemFacts, as_json
from launcher.serve.documents.runs import (
    CommandAsked,
    CommandFacts,
    CurveFacts,
    DeployAsked,
    LaunchFacts,
    LaunchMessage,
    MachineFacts,
    RunDetail,
    RunFacts,
    RunList,
    machine_facts,
    picture_facts,
    points_of,
    receipt_facts,
    run_facts,
)
from launcher.serve.ground import Ground
from launcher.serve.problems import other, problem_of
from launcher.serve.routes.asking import RunName, caller_of
from launcher.services.following.receipts import receipt
from launcher.services.live.launches import Launch
from pod_image.contract.instructions import InstructionName
from pod_image.contract.older_settings import recorded_settings

CommandId = Annotated[
    str, Path(pattern=r"^[A-Za-z0-9-]{1,64}$", description="The ID in the answer to the command.")
]


def run_routes(ground: Ground) -> APIRouter:
    routes = APIRouter(tags=["runs"])
    deploys = Deploys(ground)

    @routes.get("/runs", response_model=RunList)
    async def list_runs(
        state: Annotated[RunState | None, Query(description="Only runs in this state.")] = None,
        limit: Annotated[
            int, Query(ge=1, le=1_000, description="Maximum number of runs, newest first.")
        ] = 100,
    ) -> RunList:
        """Every run that the serving computer knows."""
        found = [run for run in ground.bench.runs.runs() if state in (None, run.state)]
        return RunList(runs=[RunFacts(**run_facts(run)) for run in found[:limit]])

    @routes.post("/runs", response_model=RunDetail, status_code=202)
    async def deploy_plan(asked: DeployAsked, request: Request, response: Response) -> RunDetail:
        """Launch a plan by its hash: rent a GPU for exactly that.

        The answer comes as soon as the run is recorded; the launch continues, and its messages are in the
        run. If the plan has changed since, the request is refused, and the answer says what changed. The same
        hash again answers with the same run: after a lost answer, send the request again.
        """
        run = await deploys.deploy(asked.plan_hash, caller_of(request))
        response.headers["location"] = f"/api/v1/runs/{run.nonce}"
        return await _detail(ground, deploys, run)

    @routes.get("/runs/{run}", response_model=RunDetail)
    async def get_run(run: RunName) -> RunDetail:
        """One run, with everything that is known about it."""
        return await _detail(ground, deploys, ground.run(run))

    @routes.get("/runs/{run}/curves", response_model=CurveFacts)
    async def get_curves(run: RunName) -> CurveFacts:
        """Losses and speed over the steps."""
        picture = (await ground.told.view(ground.run(run))).picture
        return CurveFacts(
            curves={name: points_of(curve) for name, curve in picture.curves.items()},
            speed=points_of(picture.speed),
        )

    @routes.get("/runs/{run}/machine", response_model=MachineFacts)
    async def get_machine(run: RunName) -> MachineFacts:
        """Readings of the run's machine: GPUs, memory, disk."""
        return machine_facts((await ground.told.view(ground.run(run))).picture)

    @routes.post("/runs/{run}/commands", response_model=CommandFacts, status_code=202)
    async def send_command(run: RunName, asked: CommandAsked, request: Request) -> CommandFacts:
        """Give a run a command: stop, save, sample or abort.

        Sent does not mean done: the pod's receipt says whether it took effect. Wait for it with
        `wait_seconds`, or ask for it later by its ID.
        """
        return await command(ground, ground.run(run), asked, caller_of(request))

    @routes.get("/runs/{run}/commands/{id}", response_model=CommandFacts)
    async def get_command(run: RunName, id: CommandId) -> CommandFacts:
        """What happened to a command."""
        found = ground.run(run)
        receipts = (await ground.told.view(found)).picture.receipts
        known = receipts.get(id)
        if known is None or known.command not in list(InstructionName):
            raise other(
                "not-found", "No receipt of this id has come yet.", "Ask again in a moment."
            )
        sent = CommandFacts(
            id=id, command=InstructionName(known.command), state="sent", detail="", way=""
        )
        return await receipt_of(ground, found, sent)

    return routes


async def _detail(ground: Ground, deploys: Deploys, run: Run) -> RunDetail:
    view = await ground.told.view(run)
    run = ground.live.run(run.nonce) or run
    launch = ground.live.launches.of_run(run.nonce)
    return RunDetail(
        **run_facts(run),
        **picture_facts(view.picture),
        is_followed=ground.live.is_watched(run.nonce),
        trouble=ground.live.troubles.get(run.nonce, ""),
        settings=as_json(recorded_settings(run.settings_json)),
        launch=_launch_facts(deploys, launch) if launch is not None else None,
        receipt=receipt_facts(receipt(ground.bench.runs, run)),
    )


def _launch_facts(deploys: Deploys, launch: Launch) -> LaunchFacts:
    problem = problem_of(launch.error) if launch.error is not None else None
    return LaunchFacts(
        plan_hash=deploys.hash_of(launch),
        is_over=launch.is_over,
        messages=[
            LaunchMessage(stage=each.stage.value, text=each.text)
            for each in launch.messages
            if each.text
        ],
        problem=ProblemFacts(**problem.document()) if problem is not None else None,
    )
