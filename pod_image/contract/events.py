"""An event: what was said and the agent's stamp on it, as one JSON object a line; every other line is log."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Generic, TypeGuard, TypeVar

from pydantic import Field, SkipValidation, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass
from pydantic_core import from_json

from pod_image.contract.bodies import BODIES, Body, Count, Moment, UnknownBody

MAX_LINE_BYTES = 8_000
"""A longer line is cut before it leaves the pod: the platform's log service is made for lines, not files."""

_ENDS_A_LINE_SOMEWHERE = re.compile("[\x7f-\x9f\u2028\u2029]")
"""JSON may hold these as they are, but some readers end a line at them, and terminals obey some."""


BodyT = TypeVar("BodyT", bound=Body, covariant=True)
KindT = TypeVar("KindT", bound=Body)


@dataclass(frozen=True, slots=True)
class Stamped(Generic[BodyT]):
    """A body, stamped. `seq` counts from 1 over the whole attempt, restarts included, without gaps."""

    event: str
    """The kind; that of an unknown body too."""
    at: Moment
    run_id: str
    seq: Annotated[Count, Field(ge=1)]
    body: SkipValidation[BodyT]
    """Was checked when it was made, or read."""


Event = Stamped[Body]


# The validators themselves, called once each: long logs are read line by line.
_READ_EVENT: Callable[[Any], Event] = TypeAdapter(Stamped).validator.validate_python
_TIME: TypeAdapter[datetime] = TypeAdapter(datetime)
_UNKNOWN = UnknownBody()


def stamped(body: KindT, *, at: datetime, run_id: str, seq: int) -> Stamped[KindT]:
    """Raises ValidationError for a time or a number that nobody could hold."""
    return Stamped(event=body.event, at=at, run_id=run_id, seq=seq, body=body)


def tells(event: object, kind: type[KindT]) -> TypeGuard[Stamped[KindT]]:
    """Whether it is an event with such a body."""
    return isinstance(event, Stamped) and isinstance(event.body, kind)


def to_document(event: Event) -> dict[str, Any]:
    """Stamp and body side by side, absent values as null."""
    return {**_stamp(event), **event.body.model_dump(mode="json")}


def to_line(event: Event) -> str:
    """The event as one line, without the line's end; absent values and numbers that are none are left out."""
    return _line(_present(event))


def to_line_document(event: Event) -> dict[str, Any]:
    """What such a line holds."""
    kept: dict[str, Any] = _without_non_numbers(_present(event))
    return kept


def to_bare_line(body: Body) -> str:
    """The same before it is stamped: what a recipe's process hands to the agent."""
    said = body.model_dump(mode="json", exclude_none=True, exclude_unset=True)
    return _line({"event": body.event, **said})


def from_line(line: str) -> Event | None:
    """The event that a line of the pod's output holds, or None when the line is log. Never raises."""
    document = document_in(line)
    return None if document is None else from_document(document)


def from_document(document: Mapping[str, Any]) -> Event | None:
    """The same for an object that was read already."""
    get = document.get
    kind = get("event")
    is_known = isinstance(kind, str) and kind in BODIES
    try:
        body = _reader(kind)(document) if is_known else _UNKNOWN
        stamp = {"event": kind, "at": get("at"), "run_id": get("run_id"), "seq": get("seq")}
        return _READ_EVENT({**stamp, "body": body})
    except ValidationError:
        return None


@cache
def _reader(kind: str) -> Callable[[Any], Body]:
    """Built when the first of its kind comes: few of those who load this module read every kind."""
    return TypeAdapter(BODIES[kind]).validator.validate_python


def document_in(line: str) -> dict[str, Any] | None:
    """The JSON object of a line that has a kind, as it stands there; None for any other. Never raises."""
    if not line.startswith("{"):
        return None
    try:
        document: Any = from_json(line)
    except (ValueError, TypeError):  # the second for letters that are halves of one
        return None
    if not isinstance(document, dict) or not isinstance(document.get("event"), str):
        return None
    return document


def _present(event: Event) -> dict[str, Any]:
    return {**_stamp(event), **event.body.model_dump(mode="json", exclude_none=True)}


def _stamp(event: Event) -> dict[str, Any]:
    at = _TIME.dump_python(event.at, mode="json")
    return {"at": at, "run_id": event.run_id, "seq": event.seq, "event": event.event}


def _line(document: dict[str, Any]) -> str:
    line = json.dumps(_without_non_numbers(document), separators=(",", ":"), ensure_ascii=False)
    return _ENDS_A_LINE_SOMEWHERE.sub(lambda match: f"\\u{ord(match[0]):04x}", line)


def _without_non_numbers(value: Any) -> Any:
    """JSON knows no NaN and no infinity; Python would write words that others cannot read."""
    if isinstance(value, dict):
        kept = {name: _without_non_numbers(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if not _is_no_number(item)}
    return [_without_non_numbers(item) for item in value] if isinstance(value, list) else value


def _is_no_number(value: object) -> bool:
    return isinstance(value, float) and not math.isfinite(value)
