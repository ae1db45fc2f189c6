"""`launcher show`: one run, as it is now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from launcher.api.desk import Desk
from launcher.api.finding import found as found_run
from launcher.api.run import Look
from launcher.cli.documents.following import Show, delivery_facts
from launcher.cli.documents.runs import run_facts
from launcher.cli.flags import JsonOption, QuietOption, RunArgument, command_app
from launcher.cli.session import run_at
from launcher.cli.terminal.command_line import name_of
from launcher.cli.terminal.layout import lasted, pairs, table
from launcher.cli.terminal.next_steps import in_terminal
from launcher.cli.terminal.output import Output, style
from launcher.cli.terminal.run_time import lasted_seconds
from launcher.cli.terminal.told import curve_facts, sample_facts, told_parts
from launcher.domain.pod import Pod
from launcher.domain.run import Run, RunState
from launcher.domain.run_picture import RunPicture
from launcher.errors import LauncherError, PodGone
from launcher.services.common.places import place_of_run
from launcher.services.common.workbench import Workbench
from launcher.services.following.measured import (
    MeasuredByPlace,
    measured_by_place,
    measured_text,
)
from launcher.services.following.receipts import IDLE, Receipt
from launcher.services.following.told_so_far import told_so_far
from pod_image.contract.figures import dollars
from pod_image.contract.next_steps import joined
from pod_image.contract.older_names import recorded_settings
from pod_image.contract.plain import plain_line

app = command_app()

_LEAST_IDLE_SECONDS = 0.5
"""Less is "0 s", and the clock of the pod, which is not that of the provider."""


@app.command()
def show(run: RunArgument = "", as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Show a run: state, cost, how it ended, where its time went, its curves and samples.

    With a RunPod key the pod is asked as well; without one, only history and results repo are used.
    """
    look, told, measured = run_at(run, lambda bench: _look(bench, run))
    known = look.receipt.run
    Output(as_json=as_json, quiet=quiet).answer(
        _document(look, told, measured),
        lambda: _text(look, told, measured),
        quiet=(known.end_reason or known.state).value,
    )


async def _look(bench: Workbench, key: str) -> tuple[Look, RunPicture, MeasuredByPlace | None]:
    run = await found_run(Desk.at(bench), key)
    look = await run.look.aio()
    # Where the repo was read to find the run at all, it is not asked again.
    told = run.told if run.told.last_seq else await told_so_far(bench, look.receipt.run)
    measured = await measured_by_place(bench, look.receipt.run, told) if look.pod else None
    return look, told, measured


def _note(trouble: LauncherError | None) -> str:
    """Why the pod's state is not known; empty if it is."""
    if trouble is None:
        return ""
    if isinstance(trouble, PodGone):
        return in_terminal(joined([trouble.message, trouble.hint]))
    return f"The pod could not be asked: {in_terminal(trouble.message)}"


def _document(look: Look, told: RunPicture, measured: MeasuredByPlace | None) -> Show:
    found, pod, note = look.receipt, look.pod, _note(look.trouble)
    run = found.run
    return {
        "schema": "show",
        "version": 1,
        **run_facts(run),
        "pod_status": pod.status if pod else None,
        "note": note,
        "planned_usd": found.planned_usd,
        "worst_case_usd": found.worst_case_usd,
        "seconds": found.seconds,
        "phases": [
            {"name": part.name, "seconds": part.seconds, "cost_usd": part.cost_usd}
            for part in found.slices
        ],
        "time_line": found.time_line,
        "pace": dict(found.pace),
        "gpu_idle": dict(found.gpu_idle),
        "delivery": delivery_facts(found.delivery),
        "last_lines": list(found.last_lines),
        "curves": curve_facts(told),
        "samples": sample_facts(told),
        "machine": dict(found.machine),
        "measured_by_place": measured.reading.model_dump(mode="json") if measured else None,
        "settings": recorded_settings(run.settings_json),
        "leftover_secrets": list(run.secret_names) if run.state is RunState.ENDED else [],
    }


def _text(look: Look, told: RunPicture, measured: MeasuredByPlace | None) -> str:
    found, pod, note = look.receipt, look.pod, _note(look.trouble)
    run = found.run
    parts = [style(run.run_id, "bold") + f" in {run.results_repo}", pairs(_rows(found, pod))]
    if found.slices:
        rows = [
            (f"  {part.name}", lasted(part.seconds), _usd(part.cost_usd))
            for part in found.slices
            if part.name != IDLE or part.seconds >= _LEAST_IDLE_SECONDS
        ]
        parts += ["", table(("  PHASE", "TIME", "COST"), rows, right=(1, 2))]
    if measured is not None:
        parts += ["", f"Hardware: {measured_text(measured)}."]
    parts += told_parts(told)
    if found.last_lines:
        parts += ["", "Last output:"]
        parts += [f"  | {plain_line(line)}" for line in found.last_lines]
    if note:
        parts += ["", note]
    parts += ["", _next_command(run)]
    return "\n".join(parts)


def _rows(found: Receipt, pod: Pod | None) -> list[tuple[str, str]]:
    run = found.run
    state = run.end_sentence or run.state.value
    rows = [("State", state)]
    if run.detail and run.detail != state:
        rows.append(("Why", run.detail))
    if found.delivery is not None:
        rows.append(("Results", found.delivery.sentence))
    if run.shown_pod_id:
        status = f", {pod.status.value}" if pod else ""
        price = _usd(run.price_per_hour_usd)
        rows.append(("Pod", f"{run.shown_pod_id}{status}, {run.gpu_name} at {price} an hour"))
    rows.append(("Time", f"{lasted(lasted_seconds(run))}, cap {run.max_hours:g} h"))
    rows.append(("Cost", _cost(found)))
    if found.waits:
        way = [f"{name} {lasted(seconds)}" for name, seconds in found.waits]
        rows.append(("Phases", " → ".join(["created", *way])))
    if found.pace:
        rows.append(("Pace", _pace(found.pace)))
    if found.gpu_idle_text:
        rows.append(("GPU idle", found.gpu_idle_text))
    if run.state is RunState.ENDED and run.secret_names:
        count = f"{len(run.secret_names)} of its secrets are still in the {place_of_run(run).title} account"
        rows.append(("Secrets", f"{count}; launcher reap removes them"))
    tried = found.machine.get("tried") or {}
    if tried:
        said = [f"{name}: {detail}" for name, detail in tried.items()]
        where = str(found.machine.get("data_center") or "")
        rows.append(("Machine", "; ".join([where, *said] if where else said)))
    return rows


def _pace(pace: Mapping[str, Any]) -> str:
    parts = []
    if pace.get("steps_per_second") is not None:
        parts.append(f"{pace['steps_per_second']:.2f} steps/s")
    if pace.get("data_wait_share") is not None:
        parts.append(f"{pace['data_wait_share']:.1%} of it waiting for clips")
    if pace.get("gpu_use_percent") is not None:
        parts.append(f"GPU {pace['gpu_use_percent']:.0f} %")
    if pace.get("gpu_memory_peak_gb") is not None:
        parts.append(f"{pace['gpu_memory_peak_gb']:.1f} GB at most")
    if pace.get("skipped_steps"):
        parts.append(f"{pace['skipped_steps']} steps skipped (loss not finite)")
    return ", ".join(parts)


def _cost(found: Receipt) -> str:
    parts = [f"{_usd(_metered(found.run))} metered"]
    if found.billed_usd is not None:
        parts.append(f"{_usd(found.billed_usd)} billed")
    if found.planned_usd is not None:
        parts.append(f"{_usd(found.planned_usd)} expected")
    return ", ".join(parts) + f", at most {_usd(found.run.most_usd)}"


def _metered(run: Run) -> float | None:
    """By the pod's last word; before there is one, by the clock."""
    seconds = lasted_seconds(run)
    if run.cost_usd is not None or seconds is None:
        return run.cost_usd
    return run.price_per_hour_usd * seconds / 3600.0


def _usd(amount_usd: float | None) -> str:
    """In cents, as a page has it; a dash for what is not known."""
    return dollars(amount_usd, unknown="-")


def _next_command(run: Run) -> str:
    name = name_of(run)
    if run.state is RunState.ENDED:
        return f"Its files: launcher results {name}"
    return f"Follow it: launcher watch {name}   End it: launcher stop {name}"
