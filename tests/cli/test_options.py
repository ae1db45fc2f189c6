"""What is typed as an option arrives as its setting wants it."""

from __future__ import annotations

import inspect

from launcher.cli.options import Asked, asks_for_a_run


@asks_for_a_run
def as_typed(*, asked: Asked) -> Asked:
    return asked


def typed(**values: list[str]) -> Asked:
    parameters = inspect.signature(as_typed).parameters.values()
    return as_typed(**{one.name: one.default for one in parameters} | values)


def test_names_that_commas_separate_may_stand_in_one_option_or_in_several() -> None:
    for said in (["RTX 4090, A5000", "L4"], ["RTX 4090", "A5000", "L4"]):
        assert typed(gpu_types=said).values == {"gpu_types": ["RTX 4090", "A5000", "L4"]}


def test_a_comma_in_a_sentence_separates_nothing() -> None:
    assert typed(sample_sentences=["Yes, no."]).values == {"sample_sentences": ["Yes, no."]}
