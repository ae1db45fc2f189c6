"""The table of GPUs: lines stay where they are while their times and totals follow the settings."""

from __future__ import annotations

from nicegui import ElementFilter, ui
from nicegui.testing import User

from launcher.stores.secrets import KeyName
from launcher.ui.widgets.elements import Text
from launcher.ui.widgets.inputs import Field
from tests.kit.clouds import JOBS_TOKEN
from tests.kit.page_verbs import enter, only, until, use_key, visit
from tests.ui.conftest import Ground


def _cells(person: User) -> dict[int, str]:
    """What stands in the table, by element."""
    place = only(person, ui.element, "gpus")
    with person:
        return {one.id: one.text for one in ElementFilter(kind=Text).within(instance=place)}


def _is_total(text: str) -> bool:
    return text.startswith("$") and "/" not in text


async def test_other_settings_change_figures_and_no_lines(holder: User, ground: Ground) -> None:
    ground.push_clips()
    await visit(holder, "/train?preset=finetune-medium&dataset=demo/clips")
    await until(lambda: any(_is_total(text) for text in _cells(holder).values()))
    before = _cells(holder)
    epochs = int(str(only(holder, Field, "field-epochs").value))
    enter(holder, "epochs", str(epochs + 10))
    await until(lambda: _cells(holder) != before)
    after = _cells(holder)
    assert list(after) == list(before)
    changed = [id for id in after if after[id] != before[id]]
    assert changed
    assert all("h" in after[id] or "min" in after[id] or "$" in after[id] for id in changed)


async def test_settings_that_need_more_memory_move_lines_and_say_why(
    holder: User, ground: Ground
) -> None:
    ground.push_clips(times=5)  # a batch larger than the set would count as the set
    await visit(holder, "/train?preset=finetune-medium&dataset=demo/clips")
    await until(lambda: any(_is_total(text) for text in _cells(holder).values()))
    enter(holder, "batch_size", "96")
    await until(lambda: any("GB are needed" in text for text in _cells(holder).values()))


async def test_another_place_has_its_own_prices_and_its_own_key(
    holder: User, ground: Ground
) -> None:
    ground.push_clips()
    await visit(holder, "/train?preset=finetune-medium&dataset=demo/clips")
    await until(lambda: any("Prices of RunPod" in text for text in _cells(holder).values()))
    enter(holder, "provider", "hf-jobs")
    await holder.should_see("Prices need the Hugging Face Jobs key", retries=30)
    await visit(holder, "/keys")
    use_key(holder, KeyName.HF_JOBS, JOBS_TOKEN)
    await visit(holder, "/train?preset=finetune-medium&dataset=demo/clips")
    enter(holder, "provider", "hf-jobs")
    await until(
        lambda: any("Prices of Hugging Face Jobs" in text for text in _cells(holder).values())
    )
    assert any("L4" in text for text in _cells(holder).values())


async def test_more_gpus_in_a_pod_have_prices_of_their_own(holder: User, ground: Ground) -> None:
    ground.push_clips()
    await visit(holder, "/train?preset=finetune-medium&dataset=demo/clips")
    await until(lambda: any(_is_total(text) for text in _cells(holder).values()))
    enter(holder, "gpu_count", "2")
    await until(lambda: ground.site.market.known_prices("runpod", 2) is not None)
