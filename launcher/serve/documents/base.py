"""What every document has in common, and findings, which several carry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_jsonable_python

from launcher.serve.next_steps import in_http
from pod_image.contract.findings import Finding, Severity


class Asked(BaseModel):
    """A body that a client sends. A name that is not known is refused: a misspelt one must not look as if heeded."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Answer(BaseModel):
    """Clients take what they know: a later release may say more."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class FindingFacts(Answer):
    severity: Severity
    """An error prevents the launch."""
    code: str
    """For programs; its meaning never changes."""
    message: str
    next_step: str
    place: str
    """A file or a line; empty if it is about everything."""
    setting: str
    """The setting that it is about; empty if none."""


def finding_facts(findings: Sequence[Finding]) -> list[FindingFacts]:
    return [
        FindingFacts(
            severity=each.severity,
            code=str(each.code),
            message=in_http(each.message),
            next_step=in_http(each.hint),
            place=each.place,
            setting=each.setting,
        )
        for each in findings
    ]


def as_json(value: Any) -> Any:
    """Any of our values in JSON's own types; a number that is none is left out as null."""
    return to_jsonable_python(value, inf_nan_mode="null")


class ProblemFacts(Answer):
    """Problem details (RFC 9457), with the media type application/problem+json."""

    type: str
    """Where the reference explains this kind."""
    title: str
    status: int
    detail: str
    """What happened."""
    kind: str
    """For programs."""
    next_step: str
    """What to do about it; may be empty."""
    request_id: str
    """The value of the header X-Request-Id; the request log of the serving computer has it too."""
