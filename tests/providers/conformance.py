"""The launcher's half of a place: what any has to do. A new place brings a stage and inherits the tests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol

import pytest
from pydantic import SecretStr

from launcher.domain.pod import NONCE_VARIABLE, Pod, PodName, PodOrder
from launcher.errors import (
    LauncherError,
    NoCapacity,
    NoRight,
    NotConfigured,
    PodGone,
    ProviderError,
    ProviderUnavailable,
    RentUnclear,
)
from launcher.providers.base import LogLine, Provider
from pod_image.contract.common_settings import Cloud
from pod_image.contract.environment import RUN_VARIABLE
from tests.kit.virtual_time import in_virtual_time

NAME = "launcher-run-01-a1-abcdefghij"
SECRET = "launcher_abcdefghij_upload"


def told(name: str) -> str:
    """What a pod of that name is told of its run, as far as a place looks into it."""
    parsed = PodName.parse(name)
    assert parsed is not None
    attempt = {"number": parsed.attempt, "nonce": parsed.nonce}
    deadline = "2030-01-01T00:00:00+00:00"
    return json.dumps({"run_id": parsed.run_id, "attempt": attempt, "deadline": deadline})


RUN_JSON = told(NAME)


class ProviderStage(Protocol):
    """The place played by a stand-in. Made inside a loop of virtual time; each pod says `line 0`, `line 1` and so on,
    a second apart, and a command in it answers with its own words."""

    @property
    def provider(self) -> Provider: ...

    @property
    def paid(self) -> int:
        """How many pods cost money now."""
        ...

    @property
    def asked(self) -> int:
        """How many requests have reached the place."""
        ...

    def with_bad_key(self) -> Provider | None:
        """The same place with a key that it refuses; None where it takes none."""
        ...

    def lose_the_next_answer(self) -> None:
        """The next pod is rented, and nobody is told."""
        ...

    def sell_out(self) -> None: ...

    def silence(self) -> None:
        """The place does not answer from now on."""
        ...

    def remove(self, pod_id: str) -> None:
        """The pod is gone, by another hand."""
        ...

    def take_away_exec(self) -> None:
        """No command can be run in a pod from now on."""
        ...

    def take_away_secrets(self) -> None:
        """The account keeps no secrets from now on."""
        ...


class ProviderConformance:
    """Inherit, and say how a stage is made."""

    has_exec = True
    has_secrets = True
    keeps_secrets = True
    """They lie in the account until a pod asks for them; else they go with the order, and every key may send them."""
    nodes = 1
    """Of every order; several are one pod to us: found, looked at, priced and released as a whole."""

    def stage(self) -> ProviderStage:
        raise NotImplementedError

    async def order(self, stage: ProviderStage, name: str = NAME) -> PodOrder:
        """For the cheapest that the place offers."""
        offer = (await stage.provider.offers(1, Cloud.ANY, (), nodes=self.nodes))[0]
        parsed = PodName.parse(name)
        assert parsed is not None
        return PodOrder(
            name=name,
            nodes=self.nodes,
            image="acme/image:1",
            gpu_type=offer.gpu_type,
            gpu_count=offer.gpu_count,
            cloud=offer.cloud,
            disk_gb=stage.provider.place.least_disk_gb,
            environment={NONCE_VARIABLE: parsed.nonce, RUN_VARIABLE: told(name)},
        )

    async def rented(self, stage: ProviderStage, name: str = NAME) -> Pod:
        return await stage.provider.rent(await self.order(stage, name))

    @in_virtual_time
    async def test_every_name_of_the_protocol_is_there_and_says_something(self) -> None:
        provider = self.stage().provider
        names = [name for name in vars(Provider) if not name.startswith("_")]
        assert len(names) > 15
        assert [name for name in names if not hasattr(provider, name)] == []
        assert provider.is_in_use
        assert isinstance(await provider.notes(RUN_JSON), tuple)
        assert isinstance(await provider.remains("gone-long-ago"), str)

    @in_virtual_time
    async def test_offers_come_cheapest_first(self) -> None:
        stage = self.stage()
        offers = await stage.provider.offers(1, Cloud.ANY, (), nodes=self.nodes)
        prices = [offer.price_per_hour_usd for offer in offers]
        assert offers
        assert prices == sorted(prices)
        assert all(offer.gpu_count == 1 and offer.gpu_type for offer in offers)
        assert {offer.nodes for offer in offers} == {self.nodes}

    @in_virtual_time
    async def test_nothing_to_be_had_is_an_empty_list(self) -> None:
        provider = self.stage().provider
        assert await provider.offers(1, Cloud.ANY, ("nowhere-1",), nodes=self.nodes) == []

    @in_virtual_time
    async def test_more_nodes_than_the_place_has_in_one_are_not_offered(self) -> None:
        provider = self.stage().provider
        most = provider.place.most_nodes
        assert self.nodes <= most
        assert await provider.offers(1, Cloud.ANY, (), nodes=most + 1) == []

    @in_virtual_time
    async def test_a_rented_pod_is_listed_shown_and_found_by_its_name(self) -> None:
        stage = self.stage()
        pod = await self.rented(stage)
        assert stage.paid == 1
        assert pod.name == NAME
        seen = await stage.provider.pod(pod.id)
        assert (seen.id, seen.nodes) == (pod.id, self.nodes)
        assert [each.id for each in await stage.provider.pods()] == [pod.id]
        found = await stage.provider.find(NAME)
        assert found is not None
        assert found.id == pod.id
        assert await stage.provider.find(f"{NAME}x") is None

    @in_virtual_time
    async def test_a_pod_proves_whose_it_is_and_tells_its_deadline(self) -> None:
        stage = self.stage()
        pod = await stage.provider.pod((await self.rented(stage)).id)
        assert (pod.nonce, pod.run_json) == ("abcdefghij", RUN_JSON)
        assert pod.deadline is not None
        assert pod.deadline.year == 2030

    @in_virtual_time
    async def test_an_order_whose_answer_is_lost_is_sent_once_and_found_again(self) -> None:
        stage = self.stage()
        order = await self.order(stage)
        stage.lose_the_next_answer()
        with pytest.raises(RentUnclear):
            await stage.provider.rent(order)
        assert stage.paid == 1
        found = await stage.provider.find(NAME)
        assert found is not None
        await stage.provider.release(found.id)
        assert stage.paid == 0

    @in_virtual_time
    async def test_a_sold_out_place_says_that_another_candidate_may_do(self) -> None:
        stage = self.stage()
        order = await self.order(stage)
        stage.sell_out()
        with pytest.raises(NoCapacity):
            await stage.provider.rent(order)
        assert stage.paid == 0

    @in_virtual_time
    async def test_a_release_ends_the_price_and_may_be_asked_for_again(self) -> None:
        stage = self.stage()
        pod, other = await self.rented(stage), await self.rented(stage, f"{NAME[:-1]}k")
        for _ in range(2):
            await stage.provider.release(pod.id)
            assert stage.paid == 1
        with pytest.raises(PodGone):
            await stage.provider.pod(pod.id)
        assert [each.id for each in await stage.provider.pods()] == [other.id]

    @in_virtual_time
    async def test_a_pod_that_somebody_removed_is_gone_everywhere(self) -> None:
        stage = self.stage()
        pod = await self.rented(stage)
        stage.remove(pod.id)
        with pytest.raises(PodGone):
            await stage.provider.pod(pod.id)
        assert await stage.provider.find(NAME) is None
        await stage.provider.release(pod.id)
        with pytest.raises(PodGone):
            async with aclosing(stage.provider.log(pod.id)) as lines:
                await _container(lines, 1_000)

    @in_virtual_time
    async def test_a_log_comes_in_order_and_goes_on_after_the_line_it_is_told(self) -> None:
        stage = self.stage()
        pod = await self.rented(stage)
        async with aclosing(stage.provider.log(pod.id)) as lines:
            first = await _container(lines, 3)
        await asyncio.sleep(30.0)
        async with aclosing(stage.provider.log(pod.id, after=first[-1].id)) as lines:
            rest = await _container(lines, 3)
        said = [line.text for line in (*first, *rest)]
        assert said == [f"line {number}" for number in range(6)]

    @in_virtual_time
    async def test_a_command_runs_in_the_pod_or_is_refused(self) -> None:
        stage = self.stage()
        pod = await self.rented(stage)
        await asyncio.sleep(60.0)
        if self.has_exec:
            answer = await stage.provider.execute(pod.id, ("echo", "a b"))
            assert (answer.stdout.strip(), answer.exit_code) == ("echo a b", 0)
        stage.take_away_exec()
        with pytest.raises(ProviderError):
            await stage.provider.execute(pod.id, ("true",))

    @in_virtual_time
    async def test_secrets_are_kept_by_name_and_removed_without_ado(self) -> None:
        if not self.has_secrets:
            return
        stage = self.stage()
        made = await stage.provider.make_secret(SECRET, SecretStr("demo-token"))
        assert made.name == SECRET
        assert "demo-token" not in repr(made)
        assert [each.id for each in await stage.provider.secrets()] == [made.id]
        reference = stage.provider.secret_reference(SECRET)
        assert SECRET in reference
        assert reference != SECRET
        for _ in range(2):
            await stage.provider.remove_secret(made.id)
        assert await stage.provider.secrets() == []

    @in_virtual_time
    async def test_where_there_are_no_secrets_it_is_said_and_not_guessed(self) -> None:
        if not self.keeps_secrets:
            return
        stage = self.stage()
        stage.take_away_secrets()
        with pytest.raises(ProviderError):
            await stage.provider.secrets()
        with pytest.raises(ProviderError):
            await stage.provider.make_secret(SECRET, SecretStr("demo-token"))

    @in_virtual_time
    async def test_a_refused_key_is_told_from_a_missing_right_and_from_silence(self) -> None:
        provider = self.stage().with_bad_key()
        if provider is None:
            return
        with pytest.raises(NotConfigured) as caught:
            await provider.pods()
        assert not isinstance(caught.value, NoRight | ProviderUnavailable)

    @in_virtual_time
    async def test_silence_is_a_trouble_that_may_pass_and_is_told_in_our_words(self) -> None:
        stage = self.stage()
        order = await self.order(stage)
        pod = await stage.provider.rent(order)
        stage.silence()
        with pytest.raises(ProviderUnavailable):
            await stage.provider.pods()
        with pytest.raises(ProviderUnavailable):
            await stage.provider.release(pod.id)
        with pytest.raises(LauncherError):
            await stage.provider.rent(order)

    @in_virtual_time
    async def test_money_that_cannot_be_told_is_none_and_no_error(self) -> None:
        stage = self.stage()
        pod = await self.rented(stage)
        account = await stage.provider.account()
        assert account.balance_usd is None or account.balance_usd > 0
        stage.silence()
        assert (await stage.provider.account()).balance_usd is None
        assert await stage.provider.billed_usd(pod.id) is None

    @in_virtual_time
    async def test_what_would_be_sent_is_shown_without_sending_it(self) -> None:
        stage = self.stage()
        order = await self.order(stage)
        before = stage.asked
        secrets = {SECRET: "<a token>"} if self.has_secrets else {}
        referring = {"HF_UPLOAD_TOKEN": stage.provider.secret_reference(SECRET)}
        order = replace(order, environment={**order.environment, **referring})
        planned = stage.provider.planned_requests(order, secrets)
        assert stage.asked == before
        assert stage.paid == 0
        shown = "\n".join(each.as_shell() for each in planned)
        assert len(planned) == (len(secrets) if self.keeps_secrets else 0) + 1
        assert NAME in shown
        assert all(placeholder in shown for placeholder in secrets.values())

    @in_virtual_time
    async def test_calls_are_counted_and_it_can_be_closed(self) -> None:
        stage = self.stage()
        await stage.provider.pods()
        assert stage.provider.calls > 0
        assert all(isinstance(text, str) for text in stage.provider.pod_environment.values())
        await stage.provider.aclose()


async def _container(lines: AsyncIterator[LogLine], count: int) -> list[LogLine]:
    """So many lines of the container itself."""
    found: list[LogLine] = []
    async for line in lines:
        if line.source == "container":
            found.append(line)
        if len(found) >= count:
            break
    return found
