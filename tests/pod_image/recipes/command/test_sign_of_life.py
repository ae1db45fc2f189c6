"""A command that waits is told from one that works, though neither says anything."""

from __future__ import annotations

import pytest

from pod_image.recipes.command.sign_of_life import SignOfLife


@pytest.mark.parametrize(
    ("lines", "cpu_share", "lives"),
    [(0, 0.0, False), (0, 0.005, False), (0, 0.5, True), (1, 0.0, True)],
)
def test_a_command_lives_while_it_writes_or_computes_and_not_by_looking_now_and_then(
    lines: int, cpu_share: float, lives: bool
) -> None:
    at = [0.0]
    life = SignOfLife(lambda: at[0])
    signs = 0
    for turn in range(1, 361):
        at[0] = turn * 10.0
        signs += life.look(turn * lines, cpu_share * at[0])
    assert signs == (360 if lives else 0)


def test_a_process_that_ended_with_its_time_leaves_the_others_to_be_heard() -> None:
    at = [0.0]
    life = SignOfLife(lambda: at[0])
    said = []
    for cpu_seconds in (100.0, 3.0, 9.0, 9.0):
        at[0] += 10.0
        said.append(life.look(0, cpu_seconds))
    assert said == [True, False, True, False]
