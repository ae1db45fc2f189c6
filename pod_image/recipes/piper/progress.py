"""Where a training is, and the best it has made so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from pod_image.contract.scores import is_better


@dataclass
class Progress:
    """Where training is. Exactly this and the networks, optimisers and random states make a resume exact."""

    step: int = 0
    epoch: int = 0
    batch: int = 0
    seconds: float = 0.0


@dataclass
class Best:
    """The best checkpoint so far by the rule of `contract.scores.is_better`, and how many came after it."""

    step: int | None = None
    scores: dict[str, float] = field(default_factory=dict)
    since: int = 0

    def judge(self, step: int, scores: dict[str, float]) -> bool:
        """Take in the next checkpoint; return whether it is the best."""
        if self.step == step:
            return True  # saved by command just now
        if self.step is None or is_better(scores, self.scores):
            self.step, self.scores, self.since = step, scores, 0
            return True
        self.since += 1
        return False
