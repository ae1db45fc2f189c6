"""What a run tells: events and log, as lists and as streams."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import PlainTextResponse

from launcher.domain.run import Run
from launcher.serve.documents.runs import EventList, log_line
from launcher.serve.ground import Ground
from launcher.serve.routes.asking import RunName, caller_of
from launcher.serve.streams import MEDIA_TYPE, Item, Items, Stream
from launcher.services.following.delivered_log import delivered_story
from pod_image.contract.events import Event, to_line
from pod_image.contract.plain import plain_line
from pod_image.contract.run_log import LoggedLine

LastEventId = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID",
        description="The `id` of the last item that you received; the stream continues after it.",
    ),
]
_ITEM: dict[str, Any] = {
    "type": "object",
    "description": "One item of the stream.",
    "properties": {
        "id": {"type": "string"},
        "event": {"type": "string"},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
    "required": ["id", "event", "data"],
}
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {MEDIA_TYPE: {"schema": _ITEM}}, "description": "A stream of these items."}
}
_TEXT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "The log."}
}


def told_routes(ground: Ground) -> APIRouter:
    routes = APIRouter(tags=["events and log"])

    @routes.get("/runs/{run}/events", response_model=EventList)
    async def list_events(
        run: RunName,
        after: Annotated[
            int, Query(ge=0, le=2**53, description="Only events with a greater `seq`.")
        ] = 0,
        limit: Annotated[int, Query(ge=1, le=5_000, description="Maximum number.")] = 1_000,
    ) -> EventList:
        """Events of the pod with a `seq` greater than `after`. For later ones ask again, with `last_seq` as `after`."""
        found = ground.run(run)
        events = await ground.told.events(found, after, limit)
        last_seq = events[-1].seq if events else after
        return EventList(
            events=[_document(each) for each in events],
            last_seq=last_seq,
            is_over=len(events) < limit and ground.told.is_over(found),
        )

    @routes.get(
        "/runs/{run}/events/stream", response_class=Stream, status_code=200, responses=_STREAM
    )
    async def stream_events(
        run: RunName,
        request: Request,
        last_event_id: LastEventId = None,
        after: Annotated[
            int,
            Query(
                ge=0,
                le=2**53,
                description="Begin after this `seq`; Last-Event-ID takes precedence.",
            ),
        ] = 0,
    ) -> Stream:
        """The events as a stream of server-sent events: `event` is the kind, `data` the event, `id` its `seq`.

        After the end of the run the last item is `over`.
        """
        found = ground.run(run)
        start = int(last_event_id) if last_event_id and _is_number(last_event_id) else after
        return Stream(ground, caller_of(request), _events(ground, found, start))

    @routes.get("/runs/{run}/log", response_class=PlainTextResponse, responses=_TEXT)
    async def get_log(
        run: RunName,
        tail: Annotated[int, Query(ge=1, le=5_000, description="Number of lines.")] = 1_000,
    ) -> PlainTextResponse:
        """The newest lines of the pod's output, without its events.

        For a run that ended before this server followed it, the log that it delivered.
        """
        found = ground.run(run)
        view = await ground.told.view(found)
        lines = [plain_line(each.text) for each in view.log]
        if not lines and ground.told.is_over(found):
            lines = await _delivered(ground, found)
        return PlainTextResponse("".join(f"{line}\n" for line in lines[-tail:]))

    @routes.get("/runs/{run}/log/stream", response_class=Stream, status_code=200, responses=_STREAM)
    async def stream_log(
        run: RunName, request: Request, last_event_id: LastEventId = None
    ) -> Stream:
        """The log as a stream of server-sent events, beginning with the lines that are known already.

        The last item is `over`.
        """
        found = ground.run(run)
        mark, _, number = (last_event_id or "").partition("-")
        is_ours = mark == ground.told.mark and _is_number(number)
        return Stream(
            ground, caller_of(request), _log(ground, found, int(number) if is_ours else 0)
        )

    return routes


async def _events(ground: Ground, run: Run, after: int) -> Items:
    async for event in ground.told.follow_events(run, after):
        if event is None:
            yield None
        else:
            after = event.seq
            yield Item(str(event.seq), event.event, _document(event))
    yield Item(str(after), "over", _how_it_stands(ground, run))


async def _log(ground: Ground, run: Run, after: int) -> Items:
    async for entry in ground.told.follow_log(run, after):
        if entry is None:
            yield None
        else:
            after = entry.number
            line = log_line(entry).model_dump(mode="json")
            yield Item(f"{ground.told.mark}-{after}", "line", line)
    yield Item(f"{ground.told.mark}-{after}", "over", _how_it_stands(ground, run))


def _how_it_stands(ground: Ground, run: Run) -> dict[str, Any]:
    """A stream that ends since the server does says that the run goes on."""
    now = ground.live.run(run.nonce) or run
    reason = now.end_reason.value if now.end_reason is not None else None
    return {"state": now.state.value, "end_reason": reason}


async def _delivered(ground: Ground, run: Run) -> list[str]:
    """Raises HubError or NotConfigured."""
    told = await delivered_story(ground.bench, run)
    return [plain_line(each.text) for each in told if isinstance(each, LoggedLine)]


def _document(event: Event) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(to_line(event))
    return document


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 16
