"""The first calls of the API: a plan, a deployed run, a run that goes on elsewhere, all runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Unpack

from launcher.api.asked import Asked, read
from launcher.api.background import BACKGROUND
from launcher.api.both import Both
from launcher.api.desk import LOG, Desk, Secret, desk_for
from launcher.api.finding import found, known
from launcher.api.made_plan import Plan, Say
from launcher.api.next_steps import in_python
from launcher.api.planning import planned, planned_before, swept
from launcher.api.run import Run
from launcher.api.typed_settings import Settings
from launcher.domain.plan import Composed
from launcher.errors import InvalidRequest
from launcher.services.following.look_around import look_around

_NO_MAXIMUM = "Nothing was rented: nobody agreed to what it may cost."


async def _plan(
    settings: Mapping[str, Any] | None = None,
    /,
    *,
    preset: str = "",
    file: str | PathLike[str] | None = None,
    command: Sequence[str] = (),
    resume: bool = False,
    force: Collection[str] = (),
    keys: Mapping[str, Secret] | None = None,
    secrets: Mapping[str, Secret] | None = None,
    **more_settings: Unpack[Settings],
) -> Plan:
    """What a run would do and cost: dataset looked at, GPU chosen, price known. Nothing is rented.

    Settings are arguments by their names, such as `dataset_repo="me/my-clips"`, over those of a mapping, a `file` and
    a `preset`. `command`: the words of a program, for the recipe that runs one. `resume` continues the run that
    `run_id` names. `force`: codes of dataset errors that may pass. `keys` such as `{"runpod": ..., "hf-upload": ...}`
    go before those of environment and keyring; `secrets` are those of the command, by name.

    Raises the errors of `launcher.errors` that the command line would show.
    """
    desk = await desk_for(keys, secrets)
    composed = _composed(desk, settings, preset, file, command, more_settings)
    return await planned(desk, composed, resume=resume, forced=force)


async def _deploy(
    plan: Plan | str | Mapping[str, Any] | None = None,
    /,
    *,
    agreed_usd: float | None = None,
    say: Say | None = None,
    preset: str = "",
    file: str | PathLike[str] | None = None,
    command: Sequence[str] = (),
    resume: bool = False,
    force: Collection[str] = (),
    keys: Mapping[str, Secret] | None = None,
    secrets: Mapping[str, Secret] | None = None,
    **more_settings: Unpack[Settings],
) -> Run:
    """Rent a GPU and start the run; returns it once its pod can end itself and needs nobody.

    Takes a plan or its hash, or all that `plan` takes together with `agreed_usd`, the most that it may cost in
    dollars: without one of these nothing is rented. When anything fails before the pod is armed, or the call is
    interrupted, the pod is released. `say` hears each step as a sentence, such as `print`.
    """
    if isinstance(plan, Plan | str):
        beside = {"preset": preset, "file": file, "command": command, "resume": resume}
        _refuse_beside_plan({**beside, "force": force, **more_settings})
        if isinstance(plan, str):
            plan = await planned_before(await desk_for(keys, secrets), plan)
        return await plan._deployed(agreed_usd, say)
    if agreed_usd is None:
        raise InvalidRequest(
            _NO_MAXIMUM,
            hint="Add agreed_usd=..., the most in dollars; or look at launcher.plan(...) first, and deploy that.",
        )
    desk = await desk_for(keys, secrets)
    await swept(desk)
    composed = _composed(desk, plan, preset, file, command, more_settings)
    made = await planned(desk, composed, resume=resume, forced=force)
    return await made._deployed(agreed_usd, say)


def _composed(
    desk: Desk,
    settings: Mapping[str, Any] | None,
    preset: str,
    file: str | PathLike[str] | None,
    command: Sequence[str],
    more_settings: Mapping[str, Any],
) -> Composed:
    asked = Asked(
        values=_given(settings or {}),
        preset=preset,
        file=Path(file) if file is not None else None,
        options=_given(more_settings),
        command=command,
    )
    return read(asked, desk.bench.config).composed()


def _refuse_beside_plan(asked: Mapping[str, Any]) -> None:
    given = sorted(name for name, value in asked.items() if value)
    if given:
        raise InvalidRequest(
            f"A plan already has its settings, but {', '.join(given)} was given too.",
            hint="Plan again with them.",
        )


async def _attach(
    run: str = "",
    /,
    *,
    keys: Mapping[str, Secret] | None = None,
    secrets: Mapping[str, Secret] | None = None,
) -> Run:
    """A run that goes on elsewhere, or is over: by `OWNER/NAME/run-01`, the address of its page, its id or its pod's.

    Without a name the newest that this computer knows. A run in a public repo needs no key; with the RunPod key one
    that goes on is followed and ended as if it had begun here.
    """
    attached = await found(await desk_for(keys, secrets), run)
    if not attached.told.last_seq:
        await attached.read_picture()
    return attached


async def _runs(
    *,
    limit: int = 30,
    refresh: bool = False,
    keys: Mapping[str, Secret] | None = None,
    secrets: Mapping[str, Secret] | None = None,
) -> list[Run]:
    """Every run that this computer knows of, newest first. Nobody is asked, unless `refresh` looks first at the
    account's pods and at the results repos, and finds runs of other computers too.
    """
    desk = await desk_for(keys, secrets)
    if refresh:
        for trouble in (await look_around(desk.bench)).troubles:
            LOG.warning("%s", in_python(trouble))
    return await known(desk, limit)


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    """None stands for an argument that was left out."""
    return {name: value for name, value in values.items() if value is not None}


plan = Both(_plan, BACKGROUND)
deploy = Both(_deploy, BACKGROUND)
attach = Both(_attach, BACKGROUND)
runs = Both(_runs, BACKGROUND)
