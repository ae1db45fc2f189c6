"""`launcher cost`: what runs have cost."""

from __future__ import annotations

from typing import Annotated

import typer

from launcher.cli.documents.runs import Cost, RunCost
from launcher.cli.flags import JsonOption, QuietOption, command_app
from launcher.cli.terminal.layout import lasted, table, usd
from launcher.cli.terminal.output import Output
from launcher.config import read_config
from launcher.services.following.receipts import Receipt, costs, receipt
from launcher.stores.runs import RunHistory

app = command_app()


@app.command()
def cost(
    limit: Annotated[int, typer.Option(min=1, help="Number of runs, newest first.")] = 100,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """What runs have cost: expected, metered by the pod, billed by RunPod (bills arrive later)."""
    config = read_config()
    receipts: list[Receipt] = []
    if config.history_path.exists():
        history = RunHistory(config.history_path)
        receipts = [receipt(history, run) for run in history.runs(limit=limit) if run.shown_pod_id]
        history.close()
    total = costs(found.run for found in receipts)
    document: Cost = {
        "schema": "cost",
        "version": 1,
        "runs": [_document(found) for found in receipts],
        "metered_usd": total.metered_usd,
        "billed_usd": total.billed_usd,
        "unbilled_runs": total.unbilled_runs,
    }
    Output(as_json=as_json, quiet=quiet).answer(
        document,
        lambda: _text(receipts, total.metered_usd),
        quiet=f"{total.metered_usd:.2f}",
    )


def _document(found: Receipt) -> RunCost:
    return {
        "run_id": found.run.run_id,
        "results_repo": found.run.results_repo,
        "seconds": found.seconds,
        "planned_usd": found.planned_usd,
        "metered_usd": found.metered_usd,
        "billed_usd": found.billed_usd,
    }


def _text(receipts: list[Receipt], metered_usd: float) -> str:
    if not receipts:
        return "No run has cost anything yet."
    rows = [
        (
            found.run.run_id,
            found.run.gpu_name,
            lasted(found.seconds),
            usd(found.planned_usd),
            usd(found.metered_usd),
            usd(found.billed_usd),
        )
        for found in receipts
    ]
    head = ("RUN", "GPU", "TIME", "EXPECTED", "METERED", "BILLED")
    return table(head, rows, right=(2, 3, 4, 5)) + f"\nTogether {usd(metered_usd)} metered."
