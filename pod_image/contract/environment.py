"""The pod's environment: variable names, and the one JSON document in `LAUNCHER_RUN`."""

from __future__ import annotations

import json
from typing import Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from pod_image.contract import CONTRACT_VERSION, READABLE_CONTRACTS
from pod_image.contract.contract_error import ContractError
from pod_image.contract.places import DEFAULT_PLACE, PLACES
from pod_image.contract.secret_names import (
    DATASET_TOKEN_VARIABLE,
    SECRET_VARIABLES,
    UPLOAD_TOKEN_VARIABLE,
    secret_values,
    without_secrets,
)
from pod_image.contract.settings import RunSettings
from pod_image.contract.variables import (
    EVENTS_FD_VARIABLE,
    HUB_URL_VARIABLE,
    RUN_VARIABLE,
    for_python,
)

__all__ = [
    "COMMITS_ALONE",
    "DATASET_TOKEN_VARIABLE",
    "EVENTS_FD_VARIABLE",
    "HUB_URL_VARIABLE",
    "MAX_RUN_BYTES",
    "RUN_VARIABLE",
    "SECRET_VARIABLES",
    "UPLOAD_TOKEN_VARIABLE",
    "Attempt",
    "RunDocument",
    "for_python",
    "secret_values",
    "without_secrets",
]

MAX_RUN_BYTES = 60_000
"""Limit of the document: the platform refuses create bodies over 102,400 bytes, and this is not all of one."""

COMMITS_ALONE = 50
"""Commits an hour of a pod that has the account to itself, and the most that any pod makes. Default."""


class Attempt(BaseModel):
    """One try to run `run_id` on a pod. The nonce is in the pod's name too and proves whose pod it is."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    number: int = Field(ge=1)
    nonce: str = Field(pattern=r"^[a-z0-9]{6,32}$")


class RunDocument(BaseModel):
    """What the launcher tells the pod. Holds no secret."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    contract: int
    run_id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    attempt: Attempt
    settings: RunSettings
    deadline: AwareDatetime
    """The pod is gone by then, whatever restarts; the pod also holds to `max_hours` after its own creation."""
    price_per_hour_usd: float = Field(ge=0)
    dataset_commit: str = ""
    """The dataset's commit as the plan saw it, the first one's of several; empty when there is no dataset."""
    more_dataset_commits: tuple[str, ...] = ()
    """Those of the further datasets, in their order."""
    resume: bool = False
    """Continue from the newest checkpoint in the results repo instead of refusing a taken run id."""
    base_licence: str = ""
    brought_sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    """Of the list of files that come along from the person's computer; empty when there are none."""
    place: str = DEFAULT_PLACE
    """Where the pod is: how it reads and ends itself."""
    commits_per_hour: int = Field(default=COMMITS_ALONE, ge=1)
    """This pod's share of what the Hub takes of one account: pods that live together have it together."""

    def to_json(self) -> str:
        """The document as it stands in the environment, every applicable value spelt out.

        Raises ContractError when it is over MAX_RUN_BYTES.
        """
        document = self.model_dump(mode="json")
        document["settings"] = self.settings.applicable()
        text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
        size_bytes = len(text.encode())
        if size_bytes > MAX_RUN_BYTES:
            raise ContractError(
                f"The settings of this run take {size_bytes:,} bytes; a pod can receive at most {MAX_RUN_BYTES:,}.",
                hint="Shorten the sample sentences or the command. Put long scripts into the dataset repo.",
            )
        return text

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read the document as the pod received it.

        Raises ContractError for a version this image does not know, or values it cannot take; the texts
        name settings, never values.
        """
        document = _parsed(text)
        version = document.get("contract")
        if version not in READABLE_CONTRACTS:
            raise ContractError(
                f"This image understands contract version {CONTRACT_VERSION}, but the launcher sent version "
                f"{version!r}.",
                hint="Use the image from the same release as the launcher, or rebuild it.",
            )
        if document.get("place", DEFAULT_PLACE) not in [*PLACES]:
            raise ContractError(
                "This image does not know the provider that the launcher named.",
                hint="Use the image from the same release as the launcher, or rebuild it.",
            )
        try:
            return cls.model_validate(document)
        except ValidationError as exc:
            places = "; ".join(
                f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}"
                for error in exc.errors()
            )
            raise ContractError(
                f"The run document has values that this image does not accept: {places}."
            ) from None


def _parsed(text: str) -> dict[str, Any]:
    if not text:
        raise ContractError(
            f"{RUN_VARIABLE} is not set.",
            hint="This image must be started by the launcher, not by hand.",
        )
    try:
        document = json.loads(text)
    except ValueError:
        raise ContractError(f"{RUN_VARIABLE} is not JSON.") from None
    if not isinstance(document, dict):
        raise ContractError(f"{RUN_VARIABLE} is not a JSON object.")
    return document
