"""A run that this computer never saw, on its pages: read from its results repo, and the same as everywhere."""

from __future__ import annotations

from nicegui.testing import User

from launcher.domain.run import RunState
from launcher.domain.run_picture import picture_of
from launcher.services.following.attached import read_run
from launcher.services.live.journal import Journal
from launcher.ui.widgets.elements import Button
from pod_image.contract.events import from_line
from pod_image.contract.outcomes import EndReason
from tests.kit.page_verbs import enter, only, press, visit
from tests.kit.repo_runs import ADDRESS, line, record
from tests.kit.runs import run
from tests.ui.conftest import Ground

REPO = ADDRESS.repo
STEPS = [line(seq, "step", step=seq * 10, losses={"mel": 3.0 / seq}) for seq in range(1, 5)]
END = line(5, "ended", reason="finished", cost_usd=0.4, phases=[])


def put(ground: Ground, *lines: str, **changes: object) -> None:
    ground.push_results(
        {
            "run-01/run.json": record(**changes).to_json().encode(),
            "run-01/events.jsonl": "\n".join(lines).encode(),
            "run-01/log.txt": b"2026-11-22 10:00:12 hello from the program\n",
        },
        REPO,
    )


async def test_a_run_is_shown_by_the_name_of_its_repo(holder: User, ground: Ground) -> None:
    put(ground, *STEPS, END, state="ended", end_reason="finished", not_delivered=())
    await visit(holder, "/runs")
    enter(holder, "attach-address", f"{REPO}/run-01")
    press(holder, only(holder, Button, "attach"))
    await holder.should_see("The run finished.", retries=400)
    await holder.should_see("Sound (mel): 0.75 at step 40", retries=400)
    (known,) = ground.site.history.runs()
    assert known.is_from_repo
    view = await ground.site.live.open_view(known)
    delivered = (await read_run(ground.opened[-1], ADDRESS)).events
    assert view.picture == picture_of(delivered)
    await visit(holder, f"/runs/{known.nonce}?tab=log")
    await holder.should_see("1 line", retries=400)


async def test_what_names_no_repo_is_said(holder: User, ground: Ground) -> None:
    await visit(holder, "/runs")
    enter(holder, "attach-address", "run-01")
    press(holder, only(holder, Button, "attach"))
    await holder.should_see("This is not a results repo.")


async def test_a_run_that_the_terminal_followed_has_its_curves_on_the_page(
    holder: User, ground: Ground
) -> None:
    """The page saw two events of it; the terminal, which keeps none, saw the others."""
    put(ground, *STEPS, END, nonce=run().nonce, state="ended", end_reason="finished")
    mine = run(
        results_repo=REPO,
        state=RunState.ENDED,
        end_reason=EndReason.FINISHED,
        created_at=record().created_at,
    )
    ground.site.history.add(mine)
    journal = Journal(ground.site.config.data_folder / "events")
    delivered = tuple(each for each in map(from_line, [*STEPS, END]) if each is not None)
    for seen in (delivered[0], delivered[2]):
        journal.write(mine, seen)
    await visit(holder, f"/runs/{mine.nonce}")
    await holder.should_see("Sound (mel): 0.75 at step 40", retries=400)
    view = await ground.site.live.open_view(mine)
    assert view.picture == picture_of(delivered)
    assert [each.seq for each in journal.read(mine)] == [1, 2, 3, 4, 5]
