"""`launcher offers`: one table over places, for this very job; nothing is rented."""

from __future__ import annotations

import re

import pytest

from launcher.cli.terminal.typed_time import read_time
from launcher.emulator.runpod.catalogue import GPUS, usual_stock
from launcher.errors import InvalidRequest
from tests.cli.conftest import Shell
from tests.kit.clouds import JOBS_TOKEN

JOB = ("--recipe", "command")


def test_offers_of_every_place_with_a_key_stand_in_one_table_cheapest_first(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = shell("offers", *JOB, "--json").json["offers"]
    assert {each["place"] for each in alone} == {"runpod"}
    monkeypatch.setenv("HF_JOBS_TOKEN", JOBS_TOKEN)
    both = shell("offers", *JOB, "--json").json["offers"]
    assert {each["place"] for each in both} == {"runpod", "hf-jobs"}
    assert shell("offers", *JOB, "--provider", "all", "--json").json["offers"] == both
    prices = [each["offer"]["price_per_hour_usd"] for each in both if each["fits"]]
    assert prices == sorted(prices)
    said = shell("offers", *JOB)
    assert "hf-jobs" in said.out
    assert "not reported" in said.out
    assert shell.rented == 0


def test_a_provider_that_does_not_exist_is_answered_with_all_that_offers_takes(
    shell: Shell,
) -> None:
    said = shell("offers", *JOB, "--provider", "nope")
    assert said.code == 2
    assert "one of all, runpod, hf-jobs, local, ssh; 'nope' was given" in said.text


def test_stock_that_a_place_does_not_tell_is_said_as_that_wherever_it_stands(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_JOBS_TOKEN", JOBS_TOKEN)
    elsewhere = (*JOB, "--provider", "hf-jobs")
    found = shell("offers", *elsewhere, "--json").json["offers"]
    assert {each["offer"]["stock"] for each in found} == {"not told"}
    planned = ("plan", *elsewhere, "--results-repo", "demo/voices", "--", "true")
    assert "stock not reported" in shell(*planned).text
    assert "take up to 30 seconds" in " ".join(shell(*planned).text.split())
    plan = shell(*planned[:-2], "--json", "--", "true").json
    assert {each["stock"] for each in plan["candidates"]} == {"not told"}


def test_one_place_is_asked_where_one_is_named_and_its_key_is_missed(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = shell("offers", *JOB, "--provider", "hf-jobs")
    assert (refused.code, "starts jobs" in refused.err) == (3, True)
    monkeypatch.setenv("HF_JOBS_TOKEN", JOBS_TOKEN)
    named = shell("offers", *JOB, "--provider", "hf-jobs", "--json").json["offers"]
    assert {each["place"] for each in named} == {"hf-jobs"}


def test_the_time_and_cost_of_this_job_are_told_with_its_dataset(
    shell: Shell, demo_dataset: str
) -> None:
    found = shell("offers", "--dataset-repo", demo_dataset, "--json").json["offers"]
    fitting = [each for each in found if each["fits"]]
    costs = [each["estimate"]["cost_usd"] for each in fitting]
    assert costs == sorted(costs)
    assert all(each["most_usd"] >= each["estimate"]["cost_usd"] for each in fitting)
    said = shell("offers", "--dataset-repo", demo_dataset)
    assert "THE JOB and TAKES: table of GPU speeds" in said.text


def test_the_time_to_start_is_said_of_the_provider_that_it_is_true_of(
    shell: Shell, demo_dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_JOBS_TOKEN", JOBS_TOKEN)
    took = ("--preset", "quick-check", "--dataset-repo", demo_dataset)
    said = shell("offers", *took)
    starts = dict(
        re.findall(r"THE JOB and TAKES, ([\w-]+): .*?about (\d+) minutes for start", said.text)
    )
    assert starts.keys() == {"runpod", "hf-jobs"}
    assert starts["runpod"] != starts["hf-jobs"]
    planned = re.search(
        r"about (\d+ min)", shell("plan", *took, "--results-repo", "demo/voice").text
    )
    assert planned is not None
    first = next(line for line in said.out.splitlines() if line.startswith("runpod"))
    assert planned[1] in first


def test_a_cap_that_is_lower_than_what_the_job_costs_is_said(
    shell: Shell, demo_dataset: str
) -> None:
    took = ("offers", "--preset", "quick-check", "--dataset-repo", demo_dataset)
    cut = "a cap would end the run before it is finished"
    assert cut in shell(*took, "--max-cost-usd", "0.05").text
    assert cut not in shell(*took, "--max-cost-usd", "50").text


def test_what_is_not_known_of_the_job_and_what_a_place_cannot_promise_are_told(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_JOBS_TOKEN", JOBS_TOKEN)
    said = shell("offers", *JOB)
    assert "AT MOST" in said.out
    assert "unknown" in said.out
    assert "becomes known once a run of yours with the same settings has finished" in said.text
    assert "hf-jobs: Hugging Face Jobs does not say whether hardware is free" in said.text
    (notes,) = shell("offers", *JOB, "--json").json["notes"]
    assert (notes["place"], notes["notes"][0]["code"]) == ("hf-jobs", "hf_jobs")


def test_what_the_plan_would_not_take_stands_last_with_its_reason(shell: Shell) -> None:
    found = shell("offers", *JOB, "--gpu-types", "RTX 4090", "--cloud", "secure", "--json").json
    fits = [(each["offer"]["gpu_name"], each["offer"]["cloud"]) for each in found["offers"]]
    assert [each["fits"] for each in found["offers"]].count(True) == 1
    assert fits[0] == ("RTX 4090", "secure")
    why = {each["blocked"] for each in found["offers"][1:]}
    assert {"not one of the chosen GPU types", "community tier, not chosen"} <= why


def test_a_place_that_does_not_tell_its_stock_ends_no_waiting_for_another(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_JOBS_TOKEN", JOBS_TOKEN)
    took = [*JOB, "--wait-for-stock", "10m"]
    assert shell("offers", *took, "--provider", "hf-jobs").code == 0
    assert shell("offers", *took, "--gpu-types", "H200,RTX 4090").code == 0
    shell.world.catalogue.stock = {}
    shell.loop.call_later(90, shell.world.catalogue.stock.update, dict(usual_stock(GPUS)))
    began = shell.loop.time()
    assert shell("offers", *took).code == 0
    assert shell.loop.time() - began > 60


def test_a_dataset_that_cannot_be_seen_leaves_the_prices_and_is_said(shell: Shell) -> None:
    said = shell("offers", "--dataset-repo", "demo/nothing", "--json")
    assert said.code == 0
    assert said.json["offers"]
    assert said.json["troubles"][0].startswith("The dataset could not be checked")


def test_stock_is_waited_for_until_it_comes_or_the_time_is_over(shell: Shell) -> None:
    stock = dict(shell.world.catalogue.stock)
    shell.world.catalogue.stock = {}
    began = shell.loop.time()
    late = shell("offers", *JOB, "--wait-for-stock", "10m")
    assert (late.code, "became available in that time" in late.err) == (4, True)
    assert 600 <= shell.loop.time() - began <= 601
    began = shell.loop.time()
    assert shell("offers", *JOB, "--wait-for-stock", "10s").code == 4
    assert 10 <= shell.loop.time() - began <= 11
    assert shell("offers", *JOB).code == 4
    shell.loop.call_later(90, shell.world.catalogue.stock.update, stock)
    began = shell.loop.time()
    assert shell("offers", *JOB, "--wait-for-stock", "2h").code == 0
    assert 60 < shell.loop.time() - began < 180


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [("2h", 7200), ("30m", 1800), ("1h30m", 5400), ("90s", 90), ("1.5h", 5400)],
)
def test_a_time_is_written_as_people_write_it(typed: str, seconds: float) -> None:
    assert read_time(typed).total_seconds() == seconds


@pytest.mark.parametrize("typed", ["", "soon", "0m", "8000h", "2x", "-1h"])
def test_what_is_no_time_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(InvalidRequest):
        read_time(typed)
