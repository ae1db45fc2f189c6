"""The place that docs/providers.md writes out does in the launcher what any has to do."""

from __future__ import annotations

from typing import Any

from launcher.providers.base import Provider
from tests.kit.virtual_time import now_seconds
from tests.kit.worked_example import worked_example
from tests.providers.conformance import ProviderConformance, ProviderStage


class PaddockService:
    """What stands behind the example: who is in, and what it does not do any more."""

    def __init__(self) -> None:
        self.inside: dict[str, dict[str, Any]] = {}
        self.lacks: set[str] = set()
        self.asked = 0

    def let_in(self, name: str, environment: dict[str, str]) -> dict[str, Any] | None:
        self._ask()
        if "room" in self.lacks:
            return None
        found: dict[str, Any] = {
            "id": f"p{len(self.inside)}",
            "name": name,
            "environment": environment,
            "since": now_seconds(),
        }
        self.inside[found["id"]] = found
        if "answer" in self.lacks:
            self.lacks.remove("answer")
            raise ConnectionResetError("cut off")
        return found

    def listed(self) -> dict[str, dict[str, Any]]:
        self._ask()
        return self.inside

    def let_out(self, pod_id: str) -> None:
        self._ask()
        self.inside.pop(pod_id, None)

    def heard(self, pod_id: str) -> list[str]:
        lived = now_seconds() - self.inside[pod_id]["since"]
        return [f"line {number}" for number in range(int(lived) + 1)]

    def _ask(self) -> None:
        self.asked += 1
        if "words" in self.lacks:
            raise ConnectionRefusedError("nobody there")


class PaddockStage:
    def __init__(self) -> None:
        self._service = PaddockService()
        self.provider: Provider = worked_example().PaddockProvider(self._service)

    @property
    def paid(self) -> int:
        return len(self._service.inside)

    @property
    def asked(self) -> int:
        return self._service.asked

    def with_bad_key(self) -> None:
        return None

    def lose_the_next_answer(self) -> None:
        self._service.lacks.add("answer")

    def sell_out(self) -> None:
        self._service.lacks.add("room")

    def silence(self) -> None:
        self._service.lacks.add("words")

    def remove(self, pod_id: str) -> None:
        del self._service.inside[pod_id]

    def take_away_exec(self) -> None:
        """There never was any."""

    def take_away_secrets(self) -> None:
        """The same."""


class TestThePlaceOnThePage(ProviderConformance):
    has_exec = False
    has_secrets = False
    keeps_secrets = False

    def stage(self) -> ProviderStage:
        return PaddockStage()
