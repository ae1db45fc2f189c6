"""Whether the end of a run is one that was wanted, and if not, what it says of it."""

from __future__ import annotations

from launcher.domain.delivery import Delivery, known_delivery
from launcher.domain.run import Run
from launcher.errors import NotDelivered, RunFailed
from launcher.services.common.workbench import Workbench
from launcher.stores.runs import RecordKind
from pod_image.contract.bodies import Ended
from pod_image.contract.events import Stamped, from_document, tells, to_document
from pod_image.contract.next_steps import NextStep, Said, Sentence, joined
from pod_image.contract.outcomes import EndReason
from pod_image.contract.plain import plain_line


def kept_last_word(bench: Workbench, run: Run) -> Stamped[Ended] | None:
    """What the pod said last, as far as this computer has heard it before."""
    event = from_document(bench.runs.kept(run, RecordKind.ENDED) or {})
    return event if tells(event, Ended) else None


def delivery_of(run: Run, last_word: Stamped[Ended] | None) -> Delivery | None:
    """What reached the results repo; None where the pod did not say."""
    ended = to_document(last_word) if last_word else None
    return known_delivery(run.not_delivered, ended, run.results_repo)


def raise_if_bad(run: Run, last_word: Stamped[Ended] | None) -> None:
    """Raises RunFailed for an end that was neither reached nor asked for, NotDelivered when results are missing."""
    ended, delivery = last_word.body if last_word else None, delivery_of(run, last_word)
    reason = run.end_reason
    is_missing = delivery is not None and delivery.missing > 0 and reason is not EndReason.ABORTED
    if reason is None or (reason.is_success and not is_missing):
        return
    parts = [run.end_sentence, run.detail if run.detail != reason.sentence else ""]
    hint: Said = (ended.what_to_do if ended else "") or Sentence(
        "What it said: ", NextStep.READ_LOG.of(run.run_id)
    )
    what_is_there = Sentence("What is there: ", NextStep.LIST_RESULTS.of(run.run_id))
    if delivery is not None and is_missing:
        parts.append(delivery.sentence)
    if is_missing or reason is EndReason.LOST:
        hint = what_is_there if reason.is_success else joined([hint, what_is_there], "\n")
    message = "\n".join([" ".join(part for part in parts if part), *quoted(ended)])
    raise (NotDelivered if is_missing else RunFailed)(message, hint=hint)


def quoted(ended: Ended | None) -> list[str]:
    """What the run's programs printed last, as lines below an error."""
    lines = [plain_line(line) for line in ended.last_lines] if ended else []
    return ["Last output:", *(f"  | {line}" for line in lines)] if lines else []
