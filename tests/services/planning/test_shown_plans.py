"""A shown plan is found by its hash for an hour, launched as it was shown, or says field by field what moved."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from launcher import image_digest
from launcher.domain.plan import Plan
from launcher.emulator.runpod.catalogue import GpuType
from launcher.errors import PlanMoved, UnknownPlan
from launcher.services.common.workbench import Workbench
from launcher.services.launching.launch import launch
from launcher.services.planning.compose import compose
from launcher.services.planning.plan import make_plan
from launcher.services.planning.shown_plans import keep, moved, plan_again, recall
from launcher.stores.secrets import KeyName, KeySource
from pod_image.hub import Repo, publish
from tests.kit.clouds import CLIPS_REPO, GPU, RESULTS_REPO, TOKENS
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness

COMMAND = {"recipe": "command", "argv": ["true"], "results_repo": RESULTS_REPO, "max_hours": 1.0}
OTHER_GPU = "NVIDIA RTX A4000"


async def shown(harness: LauncherHarness, bench: Workbench | None = None, **given: Any) -> Plan:
    """A plan that was made and kept."""
    bench = bench or harness.bench
    harness.keys = replace(harness.keys, sources=dict.fromkeys(KeyName, KeySource.ENVIRONMENT))
    plan = await make_plan(bench, compose(None, {**COMMAND, **given}), harness.keys)
    assert keep(bench, plan) == ""
    return plan


async def again(harness: LauncherHarness, plan: Plan) -> Plan:
    return await plan_again(harness.bench, recall(harness.bench, plan.hash), harness.keys)


async def said(harness: LauncherHarness, plan: Plan) -> PlanMoved:
    with pytest.raises(PlanMoved) as refused:
        await again(harness, plan)
    return refused.value


def price(harness: LauncherHarness, gpu_id: str, change: Callable[[GpuType], GpuType]) -> None:
    catalogue = harness.world.catalogue
    catalogue.gpus = tuple(change(gpu) if gpu.id == gpu_id else gpu for gpu in catalogue.gpus)


def taken(harness: LauncherHarness, gpu_id: str) -> None:
    """None of that GPU is free any more."""
    stock = harness.world.catalogue.stock
    stock.update({key: 0 for key in stock if key[0] == gpu_id})


def push(harness: LauncherHarness, text: str, repo: str = CLIPS_REPO) -> str:
    harness.hub.ask("", lambda api: api.create_repo(repo, repo_type="dataset", exist_ok=True))
    files: dict[str, Path | bytes] = {"metadata.csv": text.encode()}
    return str(publish(harness.hub, Repo(repo, "dataset"), files, "clips").commit)


@in_virtual_time
async def test_equal_inputs_have_one_hash_in_every_process_and_on_every_computer(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    first = await shown(harness)
    harness.loop.jump(1000)
    elsewhere = await shown(harness, harness.second_home())
    assert len(first.hash) == 64
    assert (elsewhere.hash, elsewhere.agreed) == (first.hash, first.agreed)


@in_virtual_time
async def test_images_of_others_have_one_hash_too(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    image: dict[str, Any] = {"image": "bootstrap:python:3.12"}
    first = await shown(harness, **image)
    harness.loop.jump(1000)
    assert (await shown(harness, harness.second_home(), **image)).hash == first.hash


@pytest.mark.parametrize(
    "given",
    [
        {"argv": ["false"]},
        {"max_hours": 2.0},
        {"max_cost_usd": 0.01},
        {"gpu_types": ["RTX 4090"]},
        {"data_centers": ["EU-RO-1"]},
        {"run_id": "run-07"},
        {"image": "acme/train:1"},
        {"secret": ["WANDB_API_KEY"]},
    ],
    ids=lambda given: next(iter(given)),
)
@in_virtual_time
async def test_whatever_would_be_sent_otherwise_is_another_plan(
    tmp_path: Path, given: dict[str, Any]
) -> None:
    harness = LauncherHarness(tmp_path)
    assert (await shown(harness)).hash != (await shown(harness, **given)).hash


@in_virtual_time
async def test_a_plan_is_launched_by_the_beginning_of_its_hash(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    plan = await shown(harness)
    found = recall(harness.bench, f" {plan.hash[:8].upper()} ")
    today = await plan_again(harness.bench, found, harness.keys)
    assert (today.hash, moved(found, today)) == (plan.hash, ())
    run = await launch(harness.bench, today, harness.keys)
    assert (run.run_id, run.max_cost_usd) == ("run-01", plan.settings.max_cost_usd)


@in_virtual_time
async def test_what_is_kept_is_private_and_holds_no_secret(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    keys = harness.keys.with_named("WANDB_API_KEY", SecretStr("wandb-c4n4ry"), KeySource.GIVEN)
    plan = await make_plan(
        harness.bench, compose(None, {**COMMAND, "secret": ["WANDB_API_KEY"]}), keys
    )
    keep(harness.bench, plan)
    [file] = harness.config.plans_folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    kept = file.read_text()
    for secret in (harness.world.api_key, *TOKENS.values(), "wandb-c4n4ry"):
        assert secret not in kept


@in_virtual_time
async def test_a_plan_is_kept_for_an_hour(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    plan = await shown(harness)
    harness.loop.jump(3590)
    assert recall(harness.bench, plan.hash).hash == plan.hash
    harness.loop.jump(20)
    with pytest.raises(UnknownPlan, match="has expired after an hour") as over:
        recall(harness.bench, plan.hash)
    assert "a new plan" in str(over.value.hint)
    with pytest.raises(UnknownPlan, match="was shown on this computer in the last hour"):
        recall(harness.bench, plan.hash)
    assert list(harness.config.plans_folder.iterdir()) == []


@in_virtual_time
async def test_a_clock_that_went_back_gives_a_plan_no_longer_hour(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.loop.jump(7200)
    plan = await shown(harness)
    harness.loop.jump(-3600)
    with pytest.raises(UnknownPlan, match="has expired after an hour"):
        recall(harness.bench, plan.hash)


@pytest.mark.parametrize("start", ["", "1234567", "../../../etc/passwd", "*" * 12, "g" * 12])
@in_virtual_time
async def test_what_is_no_hash_of_a_kept_plan_is_refused(tmp_path: Path, start: str) -> None:
    harness = LauncherHarness(tmp_path)
    await shown(harness)
    with pytest.raises(UnknownPlan):
        recall(harness.bench, start)


@in_virtual_time
async def test_a_beginning_that_two_plans_have_names_both(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    plan = await shown(harness)
    [file] = harness.config.plans_folder.iterdir()
    twin = plan.hash[:10] + "0" * 54
    file.with_name(f"{twin}.json").write_bytes(file.read_bytes())
    with pytest.raises(UnknownPlan, match="2 plans begin with") as refused:
        recall(harness.bench, plan.hash[:10])
    assert plan.hash in str(refused.value.hint)
    assert recall(harness.bench, plan.hash).hash == plan.hash


@in_virtual_time
async def test_a_file_that_was_changed_is_not_the_plan_that_was_shown(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    plan = await shown(harness)
    [file] = harness.config.plans_folder.iterdir()
    document = json.loads(file.read_text())
    document["agreed"]["offers"][0]["price_per_hour_usd"] = 9.0
    file.write_text(json.dumps(document))
    with pytest.raises(UnknownPlan):
        recall(harness.bench, plan.hash)
    file.write_text("{")
    with pytest.raises(UnknownPlan):
        recall(harness.bench, plan.hash)


@in_virtual_time
async def test_a_disk_that_takes_nothing_does_not_keep_a_plan_from_being_made(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    plan = await make_plan(harness.bench, compose(None, COMMAND), harness.keys)
    harness.config.plans_folder.write_text("a file where the folder would be")
    assert keep(harness.bench, plan) == "File exists"


@in_virtual_time
async def test_a_plan_that_cannot_be_launched_has_no_hash_and_is_not_kept(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.account.balance_usd = 0.001
    plan = await shown(harness)
    assert plan.errors
    assert plan.hash == ""
    assert not harness.config.plans_folder.exists()


# What moved


@in_virtual_time
async def test_a_price_that_rose_is_said_and_nothing_is_launched(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    plan = await shown(harness, gpu_types=["RTX 4090"], cloud="secure")
    price(harness, GPU, lambda gpu: replace(gpu, secure_usd=0.75))
    refused = await said(harness, plan)
    assert [each.field for each in refused.moves] == ["price"]
    assert "Price of RTX 4090: $0.69 an hour, now $0.75 an hour." in str(refused.message)
    assert "a new plan" in str(refused.hint)


@in_virtual_time
async def test_a_price_that_fell_is_no_other_plan_and_the_agreed_maximum_holds(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    plan = await shown(harness, gpu_types=["RTX 4090"], cloud="secure")
    price(harness, GPU, lambda gpu: replace(gpu, secure_usd=0.6))
    today = await again(harness, plan)
    assert today.worst_case_usd <= plan.worst_case_usd
    [fell] = moved(recall(harness.bench, plan.hash), today)
    assert (fell.is_harmless, fell.sentence) == (
        True,
        "Price of RTX 4090: $0.69 an hour, now $0.60 an hour.",
    )


@in_virtual_time
async def test_a_gpu_that_is_not_free_any_more_is_said_with_what_would_be_next(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    plan = await shown(harness, gpu_types=["RTX 4090", "RTX 3090"], cloud="secure")
    taken(harness, GPU)
    refused = await said(harness, plan)
    assert "GPU: RTX 4090, secure tier, now not available (next: RTX 3090, secure tier)." in str(
        refused.message
    )


@in_virtual_time
async def test_only_gpus_that_were_agreed_to_are_tried_in_their_order_and_none_dearer(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    plan = await shown(harness, cloud="secure")
    names = [offer.gpu_name for offer in plan.candidates]
    assert len(names) > 3
    price(harness, GPU, lambda gpu: replace(gpu, secure_usd=0.01))  # cheapest now, and agreed to
    dearer = plan.candidates[1].gpu_type
    price(harness, dearer, lambda gpu: replace(gpu, secure_usd=gpu.secure_usd + 0.01))
    today = await again(harness, plan)
    assert [offer.gpu_name for offer in today.candidates] == [names[0], *names[2:]]
    assert today.worst_case_usd <= plan.worst_case_usd


@in_virtual_time
async def test_a_gpu_that_appeared_since_is_not_rented_in_the_place_of_an_agreed_one(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    stock = dict(harness.world.catalogue.stock)
    taken(harness, OTHER_GPU)
    plan = await shown(harness, cloud="secure")
    harness.world.catalogue.stock = stock
    today = await again(harness, plan)
    assert OTHER_GPU not in {offer.gpu_type for offer in today.candidates}
    assert today.hash == plan.hash


@in_virtual_time
async def test_a_dataset_that_was_pushed_to_is_said_by_its_commits(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    before = push(harness, "a|One.\n")
    plan = await shown(harness, dataset_repo=CLIPS_REPO)
    after = push(harness, "a|Two.\n")
    refused = await said(harness, plan)
    assert f"Dataset {CLIPS_REPO}: {before}, now {after}." in str(refused.message)


@in_virtual_time
async def test_an_input_that_was_pushed_to_is_said_by_its_commits(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    before = push(harness, "a|One.\n", "demo/more")
    plan = await shown(harness, input=["datasets/demo/more"])
    after = push(harness, "a|Two.\n", "demo/more")
    refused = await said(harness, plan)
    assert f"Input datasets/demo/more: {before}, now {after}." in str(refused.message)
    assert [each.field for each in refused.moves] == ["input.datasets/demo/more"]


@in_virtual_time
async def test_a_file_that_was_edited_is_said_by_its_name(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    script = tmp_path / "train.py"
    script.write_text("print(1)\n")
    plan = await shown(harness, bring=[str(script)])
    script.write_text("print(2)\n")
    refused = await said(harness, plan)
    assert "File train.py: " in str(refused.message)
    assert [each.field for each in refused.moves] == ["brought.train.py"]


@in_virtual_time
async def test_an_image_of_another_digest_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = LauncherHarness(tmp_path)
    plan = await shown(harness)
    monkeypatch.setattr(image_digest, "IMAGE_DIGEST", f"sha256:{'5' * 64}")
    refused = await said(harness, plan)
    assert [each.field for each in refused.moves] == ["image"]
    assert f"@sha256:{'5' * 64}." in str(refused.message)


@in_virtual_time
async def test_a_run_that_has_begun_is_not_begun_again_by_the_same_hash(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    plan = await shown(harness)
    await launch(harness.bench, await again(harness, plan), harness.keys)
    refused = await said(harness, plan)
    assert "Run ID: run-01, now run-02." in str(refused.message)
    assert harness.posts() == 1


@in_virtual_time
async def test_tokens_that_would_stand_readable_are_said(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    plan = await shown(harness)
    harness.world.faults.switch_on("secrets-refused")
    refused = await said(harness, plan)
    assert "now readable in the pod's definition." in str(refused.message)


@in_virtual_time
async def test_settings_differ_field_by_field_in_their_own_words(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    plan = await shown(harness)
    other = await shown(harness, argv=["python", "train.py"], max_hours=2.0)
    found = {each.field: each.sentence for each in moved(recall(harness.bench, plan.hash), other)}
    assert found == {
        "settings.argv": "Command (argv): true, now python, train.py.",
        "settings.max_hours": "Time cap (max_hours): 1.0, now 2.0.",
    }


@in_virtual_time
async def test_what_no_field_tells_of_the_requests_is_said_all_the_same(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    plan = await shown(harness)
    keys = replace(harness.keys, sources={KeyName.HF_UPLOAD: KeySource.GIVEN})
    with pytest.raises(PlanMoved, match="What is sent") as refused:
        await plan_again(harness.bench, recall(harness.bench, plan.hash), keys)
    assert "HF_DATASET_TOKEN" in str(refused.value.message)


@in_virtual_time
async def test_another_account_that_would_pay_is_said_and_no_answer_is_no_other_account(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    plan = await shown(harness)
    kept = recall(harness.bench, plan.hash)
    assert plan.account_id
    assert [each.field for each in moved(kept, replace(plan, account_id="stranger"))] == ["account"]
    assert moved(kept, replace(plan, account_id="")) == ()
