"""The life of a node of a cluster beside the first: it fetches, prepares and trains with it, and keeps nothing.

The first node judges the run, delivers it and says how it ended; a further one only has a log of its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from pod_image.agent.attempt_state import Ending
from pod_image.agent.deliver import cap_ending
from pod_image.agent.life import Life
from pod_image.contract.outcomes import EndReason, Phase
from pod_image.recipes.base import Stage


class FurtherLife(Life):
    """See `Life`. Nothing of it reaches the Hub, and no instruction reaches it."""

    def background(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """It is not judged: what it does is seen by what the first node gets done."""
        return {"machine": self.watches.machine, "heartbeat": self.watches.heartbeat}

    async def _note_attempt(self, resumed_at: int | None) -> None:
        self.run.attempt_file.note(boots=self.run.attempt_file.state.boots + 1)

    def _own_stages(self) -> Sequence[Stage]:
        """Without what is done with the result, which the first node has."""
        return [each for each in super()._own_stages() if each.phase is not Phase.EXPORT]

    async def _stages_and_uploads(self, *, is_resumed: bool) -> None:
        await self._stages(is_resumed=is_resumed)

    async def _deliver(self) -> None:
        self._be_over(self.run.ending or Ending(EndReason.FINISHED))

    async def _cut_off(self) -> None:
        self._be_over(self.run.ending or cap_ending(self.run))

    def _be_over(self, ending: Ending) -> None:
        run = self.run
        run.attempt_file.note(is_over=True, end_reason=ending.reason)
        run.events.say(
            f"This node's part is over: {ending.reason.value}. {ending.detail} The first node delivers.".replace(
                "  ", " "
            )
        )
