"""Sending an instruction to a pod and waiting for its receipt: shared by stop, save and sample."""

from __future__ import annotations

from launcher.api.desk import Desk
from launcher.api.finding import found
from launcher.cli.session import PLACE_ALONE, find_unless_named
from launcher.cli.session import run as at_bench
from launcher.cli.terminal.output import Output
from launcher.services.common.places import place_of_run
from launcher.services.common.workbench import Workbench
from launcher.services.following.answers import Answered
from launcher.services.following.instructions import Sent, Way
from pod_image.contract.instructions import InstructionName


def instruct(
    key: str,
    name: InstructionName,
    output: Output,
    text: str = "",
    speaker: str = "",
    *,
    wait: bool = True,
) -> Answered:
    """Send one instruction and wait for its receipt, unless told not to. Raises RunFailed when it was refused."""

    async def work(bench: Workbench) -> Answered:
        run = await found(Desk.at(bench), key)

        def on_sent(sent: Sent) -> None:
            if sent.way is Way.FILE:
                why = "did not pass the instruction on" if run.pod_id else "shows no pod of the run"
                title = place_of_run(run.known).title
                output.talk(
                    f"{title} {why}, so it was left in {run.results_repo}; the pod looks there every "
                    f"30 s. ({sent.detail})"
                )

        return await run.tell.aio(name, text, speaker, wait=wait, on_sent=on_sent)

    return at_bench(find_unless_named(key, PLACE_ALONE), work, ends_pods=True)
