"""The interface as one ASGI application: routes on a ground, problems as answers, the reference, the guard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from fastapi import APIRouter, FastAPI, Request, Security
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.security import HTTPBearer
from pydantic_core import to_json
from starlette.exceptions import HTTPException

from launcher import __version__
from launcher.errors import LauncherError
from launcher.serve.audit import Caller
from launcher.serve.ground import Ground
from launcher.serve.guard import CALLER, PREFIX, VERSION_PREFIX, Entrance, ServeGuard
from launcher.serve.openapi import described
from launcher.serve.problems import MEDIA_TYPE, Problem, invalid, other, problem_of
from launcher.serve.reference import PAGE_POLICY, page
from launcher.serve.routes.datasets import dataset_routes
from launcher.serve.routes.files import file_routes
from launcher.serve.routes.plans import plan_routes
from launcher.serve.routes.runs import run_routes
from launcher.serve.routes.settings import settings_routes
from launcher.serve.routes.system import system_routes
from launcher.serve.routes.told import told_routes

_SUBJECTS: tuple[Callable[[Ground], APIRouter], ...] = (
    system_routes,
    settings_routes,
    dataset_routes,
    plan_routes,
    run_routes,
    told_routes,
    file_routes,
)


class JsonAnswer(JSONResponse):
    """A pod may tell numbers that are none; JSON has no word for them but null."""

    def render(self, content: Any) -> bytes:
        return to_json(content, inf_nan_mode="null")


def build(ground: Ground) -> FastAPI:
    """The application without its guard."""
    app = FastAPI(
        title="Launcher",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        default_response_class=JsonAnswer,
        generate_unique_id_function=lambda route: route.name,
    )
    token = Security(HTTPBearer(auto_error=False, description="The token of this server."))
    for subject in _SUBJECTS:
        app.include_router(subject(ground), prefix=VERSION_PREFIX, dependencies=[token])
    _add_reference(app)
    _answer_problems(app)
    return app


def described_alone() -> dict[str, Any]:
    """The description of the interface, which says nothing of any computer."""
    # Routes keep the ground for when they are asked; here nobody asks.
    return described(build(cast(Ground, None)))


def guarded(ground: Ground, entrance: Entrance, seconds: Callable[[], float]) -> ServeGuard:
    """The application behind its guard. `seconds`: of any steady clock."""
    return ServeGuard(build(ground), entrance, ground.token, ground.requests, seconds)


def _add_reference(app: FastAPI) -> None:
    async def reference() -> HTMLResponse:
        return HTMLResponse(page(described(app)), headers={"content-security-policy": PAGE_POLICY})

    async def openapi() -> JsonAnswer:
        return JsonAnswer(described(app))

    app.get(f"{PREFIX}/", include_in_schema=False)(reference)
    app.get(f"{PREFIX}/openapi.json", include_in_schema=False)(openapi)


def _answer_problems(app: FastAPI) -> None:
    async def on_ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, LauncherError)
        return _answer(request, problem_of(error))

    async def on_problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return _answer(request, error)

    async def on_invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return _answer(request, invalid(error.errors()))

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        kinds = {404: "not-found", 405: "method"}
        problem = other(
            kinds.get(error.status_code, "invalid"),
            next_step=f"See {PREFIX}/.",
            headers=error.headers,
        )
        problem.status = error.status_code
        return _answer(request, problem)

    async def on_fault(request: Request, error: Exception) -> Response:
        # Its text may hold anything; the server itself logs it.
        return _answer(request, other("fault", f"This server failed ({type(error).__name__})."))

    app.add_exception_handler(LauncherError, on_ours)
    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(Exception, on_fault)


def _answer(request: Request, problem: Problem) -> Response:
    caller: Caller | None = request.scope.get(CALLER)
    return Response(
        problem.body(caller.request_id if caller is not None else ""),
        problem.status,
        headers=problem.headers,
        media_type=MEDIA_TYPE,
    )
