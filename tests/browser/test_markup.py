"""What a pod says is text on every page of its run, whatever it says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from launcher.domain.run import Run
from launcher.services.live.journal import Journal
from launcher.stores.runs import RunHistory
from pod_image.contract.events import from_document
from tests.browser.lived_history import lived_runs
from tests.browser.stage import Stage
from tests.browser.window import Window

pytestmark = pytest.mark.slow
HOSTILE = (
    "<img src=x onerror='window.owned=1'><script>window.owned=1</script>"
    "<a href='javascript:window.owned=1'>x</a>{{window.owned=1}}"
)
TABS = ("overview", "samples", "files", "log", "machine", "settings")


def hostile_run(now: datetime) -> tuple[Run, list[dict[str, Any]]]:
    run = next(one for one in lived_runs(now) if one.end_reason == "failed")
    fixed = {"at": now.isoformat(), "run_id": run.run_id}
    said: list[dict[str, Any]] = [
        {"event": "warning", "code": HOSTILE, "message": HOSTILE, "hint": HOSTILE},
        {"event": "sample", "step": 1, "text": HOSTILE, "path": f"samples/{HOSTILE}.wav"},
        {"event": "checkpoint", "step": 1, "path": f"checkpoints/{HOSTILE}.ckpt", "size_bytes": 1},
        {"event": "step", "step": 1, "losses": {HOSTILE: 1.0, "mel": 2.0}},
        {"event": "step", "step": 2, "losses": {HOSTILE: 0.9, "mel": 1.0}},
        {"event": "machine", "gpus": []},
    ]
    detailed = replace(run, detail=HOSTILE, gpu_name=HOSTILE, preset=HOSTILE)
    return detailed, [{**fixed, **one, "seq": number} for number, one in enumerate(said, 1)]


def test_a_pods_words_are_shown_and_never_run(chromium: Any, staged: Stage) -> None:
    home = staged.root / "hostile"
    (home / "data").mkdir(parents=True)
    run, said = hostile_run(datetime.now(UTC))
    history = RunHistory(home / "data" / "runs.sqlite")
    history.add(run)
    history.close()
    journal = Journal(home / "data" / "events")
    for one in said:
        event = from_document(one)
        assert event is not None
        journal.write(run, event)
    form = staged.open_form(home="hostile")
    window = Window(chromium, form)
    window.enter()
    shown = ""
    for path in ("/", "/runs", *(f"/runs/{run.nonce}?tab={tab}" for tab in TABS)):
        window.go(path)
        window.page.wait_for_timeout(300)
        shown += window.page.inner_text("body")
        assert window.page.evaluate("window.owned") is None, path
        assert window.page.locator("img[src=x], a[href^='javascript']").count() == 0, path
    assert "<img src=x onerror" in shown
    window.close()
    form.close()
