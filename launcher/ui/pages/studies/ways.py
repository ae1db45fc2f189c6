"""How a study chooses values, stops trials early and ranks them, as people read it."""

from __future__ import annotations

from launcher.domain.studies.objective import Direction
from launcher.domain.studies.study import PrunerName, SamplerName

SAMPLERS = {
    SamplerName.TPE: "by what earlier trials reached (TPE)",
    SamplerName.RANDOM: "at random",
    SamplerName.GRID: "every combination once",
}
PRUNERS = {
    PrunerName.MEDIAN: "when it is worse than the median of earlier ones",
    PrunerName.HALVING: "by successive halving",
    PrunerName.HYPERBAND: "by Hyperband",
    PrunerName.NONE: "never",
}
DIRECTIONS = {
    "": "as the score says, else lower",
    Direction.MINIMIZE.value: "lower",
    Direction.MAXIMIZE.value: "higher",
}
