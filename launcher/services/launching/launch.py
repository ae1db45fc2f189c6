"""From a plan to a pod that can end itself. Whoever rents here also releases, until the pod says `armed`."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from typing import Any

from launcher.domain.offer import Offer
from launcher.domain.plan import Plan
from launcher.domain.pod import Pod, PodStatus
from launcher.domain.pod_ids import named_pod
from launcher.domain.run import Run, RunState
from launcher.errors import (
    HubError,
    InvalidRequest,
    LauncherError,
    NoCapacity,
    NoRight,
    NothingAvailable,
    OverLimit,
    RentUnclear,
    RunFailed,
)
from launcher.providers.place import Place
from launcher.services.common.boot_budget import boot_budget
from launcher.services.common.intents import Intent, intents_of, run_lock
from launcher.services.common.observations import (
    EventSeen,
    PodSeen,
)
from launcher.services.common.place_key import need_place_key
from launcher.services.common.places import place_of
from launcher.services.common.record_observation import note, note_unfit
from launcher.services.common.run_secrets import TokenEnvironment, give_tokens, handed_over
from launcher.services.common.run_tokens import need_results_key, of_this_run
from launcher.services.common.uninterrupted import to_its_end
from launcher.services.common.workbench import Workbench, known_machines
from launcher.services.ending.reconcile import look_for, own, settle_earlier
from launcher.services.following.follow import follow
from launcher.services.following.tell import tell, tell_where_pod_tells
from launcher.services.launching.bad_hosts import bad_hosts, check_machine
from launcher.services.launching.boot import (
    NeverCameUp,
    UnfitMachine,
    check_boot,
    decisive_waits,
    judge_boot_checks,
)
from launcher.services.launching.bootstrap import provide_wheel
from launcher.services.launching.brought_files import provide_brought
from launcher.services.launching.candidates import Candidates, sentence_of
from launcher.services.launching.clean_up import CleanUp
from launcher.services.launching.commit_share import commits_per_hour
from launcher.services.launching.container_watch import ContainerWatch
from launcher.services.launching.once_anywhere import refuse_living
from launcher.services.launching.orders import new_attempt, pod_order, run_document
from launcher.services.launching.price_check import (
    DearerThanAgreed,
    check_price,
    dearest_agreed,
)
from launcher.services.launching.progress import Report, Reporter, Stage
from launcher.services.launching.rental import Rental
from launcher.services.launching.unwatched import refuse_unwatched
from launcher.services.telling.addresses import addresses_of, for_pods
from launcher.stores.runs import RecordKind
from launcher.stores.secrets import Keys
from pod_image.contract.bodies import ArmedReport
from pod_image.contract.figures import dollars_per_hour
from pod_image.contract.next_steps import NextStep, Sentence, setting
from pod_image.contract.outcomes import EndReason
from pod_image.contract.results_address import results_kind

MOST_PODS = 3
"""So many pods that never came up are paid for, then the launch gives up."""
_OF_THE_POD = (EndReason.BOOT_FAILED, EndReason.LOST)
"""How a run is listed whose pod never came up, by its launch or by whoever else looked."""


async def launch(
    bench: Workbench,
    plan: Plan,
    keys: Keys,
    report: Report = lambda progress: None,
    *,
    most_pods: int = MOST_PODS,
    together: int = 1,
    watches: bool = False,
) -> Run:
    """Rent a pod for the plan and wait until it is armed; after that it needs nobody.

    But for a cluster, whose pods cannot release themselves: only a caller that `watches` it to its end may have one,
    and a cancellation at any time gives it back.

    `most_pods` that never came up are paid for. `together`: pods that are to live at a time, who share what the Hub
    takes of the account.

    Returns the run, followed up to `armed`; `watch` goes on from there. When anything fails before, or the
    task is cancelled, the pod is released and the error says why and what it cost; a cancellation that comes
    when it is armed already is raised as it is, and leaves the pod. A launch of the same run
    that was cut off earlier is settled first: its pod is adopted when the settings are the same.
    A run that was aborted meanwhile, or has come to its end unheard, is returned as it ended.
    Raises NothingAvailable when every candidate was refused, RentUnclear when it cannot be told whether a
    pod exists, RunFailed when the pod did not come up, Interrupted after a cancellation, and other LauncherErrors.
    """
    bench = bench.at(place_of(plan.settings).name)
    _refuse_bad_plan(plan, keys, bench.place)
    if not watches:
        refuse_unwatched(plan.settings)
    job = _Launch(bench, plan, keys, report, most_pods, together)
    with run_lock(bench, plan.settings.results, plan.run_id):
        job.reporter.say(Stage.SETTLING, "Checking for an earlier launch of this run.")
        adopted = await settle_earlier(bench, plan)
        if adopted is None:
            await refuse_living(bench, plan)
        try:
            return await (job.start() if adopted is None else job.adopt(adopted))
        except LauncherError as error:
            job.clean_up.tell_failed(error)
            raise


class _Launch:
    def __init__(
        self,
        bench: Workbench,
        plan: Plan,
        keys: Keys,
        report: Report,
        most_pods: int = MOST_PODS,
        together: int = 1,
    ) -> None:
        self._bench, self._plan, self._keys = bench, plan, keys
        self._most_pods, self._together = most_pods, together
        self.reporter = Reporter(report)
        self._candidates = Candidates(plan.candidates, self.reporter)
        self.clean_up = CleanUp(bench, self.reporter, self._count_calls)
        self._calls_before = bench.provider.calls

    async def start(self) -> Run:
        self.reporter.say(Stage.PREPARING, f"Checking the {results_kind(self._repo)} {self._repo}.")
        await self._bench.results(self._repo).ensure()
        await provide_wheel(self._bench, self._plan)
        await provide_brought(self._bench, self._plan)
        for tries_left in reversed(range(self._most_pods)):
            if tries_left < self._most_pods - 1:
                await self._refuse_taken()
            run = new_attempt(self._bench, self._plan)
            rental = self._rental(run)
            try:
                return await self.clean_up.guarded(rental, run, self._attempt(rental, run))
            except NeverCameUp as exc:
                if (over := self._ended_otherwise(run)) is not None:
                    return over
                if isinstance(exc, UnfitMachine):
                    self._candidates.avoid(bad_hosts(self._bench))
                if not tries_left or not self._candidates.left:
                    raise _given_up(exc) from exc
        raise AssertionError("the last try returns or raises")

    async def _refuse_taken(self) -> None:
        """Before another pod: the last may have gone because another computer has begun this run meanwhile.

        A second attempt of this computer would take over from that one's first, and train beside it. Raises
        InvalidRequest. Where the Hub does not answer the pod decides when it boots.
        """
        try:
            record = await self._bench.results(self._repo).record(self._plan.run_id)
        except HubError:
            return
        is_ours = record is None or self._bench.runs.by_nonce(record.nonce) is not None
        if not is_ours and not self._plan.resume:
            raise InvalidRequest(
                f"Another computer started run {self._plan.run_id} a moment ago; its pod continues.",
                hint=Sentence("Give this run another ", setting("run_id"), "."),
            )

    async def adopt(self, run: Run) -> Run:
        """Go on with a pod that an earlier launch of the same settings left behind."""
        self.reporter.say(
            Stage.RENTED,
            f"Found {named_pod(run.pod_id)} of an interrupted launch; continuing with it.",
            run,
        )
        try:
            rental = self._rental(run)
            return await self.clean_up.guarded(rental, run, self._adopted(rental, run))
        except NeverCameUp as exc:
            if (over := self._ended_otherwise(run)) is not None:
                return over
            raise RunFailed(str(exc), hint="Launch again.") from exc

    def _ended_otherwise(self, run: Run) -> Run | None:
        """The run, if it ended for another reason than a pod that never came up: it was aborted from elsewhere, or came
        to its end unheard. Another pod would train again what is over."""
        now = self._bench.runs.by_nonce(run.nonce)
        if now is None or now.state is not RunState.ENDED:
            return None
        return None if now.end_reason in (None, *_OF_THE_POD) else now

    async def _adopted(self, rental: Rental, run: Run) -> Run:
        self._check_price(run, dearest_agreed(self._plan.candidates, run.gpu_name))
        return await self._until_armed(rental, run)

    def _check_price(self, run: Run, offer: Offer) -> None:
        check_price(run.price_per_hour_usd, offer, self._plan.settings, self._bench.place)

    @property
    def _repo(self) -> str:
        return self._plan.settings.results

    def _rental(self, run: Run) -> Rental:
        return Rental(self._bench, run, self.reporter.say)

    async def _attempt(self, rental: Rental, run: Run) -> Run:
        run_document(self._plan, run, self._plan.offer)  # too long? then before anything is made
        rental.is_begun = True
        self._bench.runs.add(run)
        self._bench.runs.keep(run, RecordKind.ESTIMATE, _estimate(self._plan))
        self._bench.runs.keep(run, RecordKind.BROUGHT, {"sha256": self._plan.brought.sha256})
        self._bench.runs.mark(run, "planned", run.planned_at)
        if self._plan.settings.nodes > 1:
            self._bench.runs.keep(run, RecordKind.WATCHED, {})
        plan, title = self._plan, self._bench.place.title
        handed = handed_over(plan.settings, plan.secrets, plan.told_from_pod)
        if handed:
            self.reporter.say(Stage.PREPARING, f"Storing {handed} at {title} as secrets.", run)
        run, tokens = await give_tokens(
            self._bench,
            run,
            self._note_told(run),
            tuple(self._plan.secrets),
            in_plain=self._plan.secrets_in_plain,
        )
        run = await self._rent(rental, run, tokens)
        return await self._until_armed(rental, run)

    def _note_told(self, run: Run) -> Keys:
        """The keys as the pod is given them: with those addresses alone that it tells at, whose marks are noted."""
        addresses = addresses_of(self._keys) if self._plan.told_from_pod else ()
        told = [each for each in addresses if each.is_for_pods]
        if told:
            marks = [each.mark for each in told]
            self._bench.runs.keep(run, RecordKind.TOLD_BY_POD, {"marks": marks})
        return replace(of_this_run(self._keys, self._plan.settings), notify=for_pods(told))

    async def _rent(self, rental: Rental, run: Run, tokens: TokenEnvironment) -> Run:
        """A pod of the first candidate that can be had. Takes the candidates it has tried off the list."""
        while self._candidates.left:
            offer = self._candidates.take()
            self.reporter.say(Stage.RENTING, _renting(offer, self._bench.place), run, offer)
            run = self._bench.runs.update(
                run, price_per_hour_usd=offer.price_per_hour_usd, gpu_name=offer.gpu_name
            )
            try:
                return await self._order(rental, run, offer, tokens)
            except (NoCapacity, NoRight, InvalidRequest) as exc:
                self._candidates.note_refusal(offer, exc)
            except OverLimit as exc:
                self._candidates.leave_out_dearer(offer, exc)
        raise self._candidates.nothing_available()

    async def _order(self, rental: Rental, run: Run, offer: Offer, tokens: TokenEnvironment) -> Run:
        share = commits_per_hour(self._bench, run, self._together)
        order = pod_order(self._bench, self._plan, run, offer, tokens, share)
        intents = intents_of(self._bench)
        intents.write(
            Intent(
                run.nonce,
                run.pod_name,
                run.run_id,
                run.results_repo,
                str(self._bench.clock.now()),
                place=run.place,
            )
        )
        if ":" in run.place:
            known_machines(self._bench.config).note(run.place)
        try:
            pod = await to_its_end(rental.order(order))
        except RentUnclear as exc:
            pod = rental.found(await self._look_for(run, exc))
        except LauncherError:
            intents.settle(run.nonce)  # a clear no: there is no pod
            raise
        run = own(self._bench, run, pod)
        self._check_price(run, offer)
        price = dollars_per_hour(run.price_per_hour_usd)
        rented = (
            f"{named_pod(pod.id, begins=True)} is rented: {offer.counted}{offer.gpu_name}, {price}."
        )
        if not self._bench.place.is_rented:
            rented = f"Run {pod.id} was started on {self._bench.place.title}: {offer.gpu_name}."
        self.reporter.say(Stage.RENTED, rented, run, offer)
        return run

    async def _look_for(self, run: Run, unclear: RentUnclear) -> Pod:
        self.reporter.say(Stage.UNCLEAR, f"{unclear.message} Looking for it.", run)
        pod = await look_for(self._bench, run.pod_name)
        if pod is not None:
            return pod
        raise RentUnclear(
            f"{unclear.message} No pod appeared within {self._bench.config.reconcile_seconds:.0f} s.",
            hint=Sentence(
                "It was not ordered again. ",
                NextStep.LOOK_FOR_PODS,
                " checks again and releases it if it appears.",
            ),
        ) from unclear

    async def _until_armed(self, rental: Rental, run: Run) -> Run:
        started = self._bench.clock.now()
        status = PodStatus.PROVISIONING
        minutes = boot_budget(self._plan.settings, self._plan.image_gb).minutes
        container = ContainerWatch()
        looks_at = [started + wait for wait in decisive_waits(minutes)]
        tell_where_pod_tells(self._bench, run)
        async with aclosing(follow(self._bench, run, looks_at=looks_at)) as raw_observations:
            async for seen in raw_observations:
                run = note(self._bench, run, seen)
                tell(self._bench, run, seen)
                self.reporter.tell_seen(run, seen)
                if isinstance(seen, PodSeen):
                    status = seen.pod.status
                if isinstance(seen, EventSeen) and isinstance(seen.event.body, ArmedReport):
                    judge_boot_checks(seen.event.body)
                    if run.is_cluster:  # its pods may have told no price when it was ordered
                        self._check_price(run, dearest_agreed(self._plan.candidates, run.gpu_name))
                    # Where there is nothing else, what does well now will do.
                    if self._candidates.left:
                        check_machine(seen.event.body, bad_hosts(self._bench))
                    rental.is_armed = not run.is_cluster
                    break
                waited = self._bench.clock.now() - started
                try:
                    container.see(seen, waited)
                except UnfitMachine as exc:
                    note_unfit(self._bench, run, str(exc))
                    raise
                check_boot(minutes, status, waited, seen, has_container=container.is_up)
        run = self._bench.runs.by_nonce(run.nonce) or run
        run = self._count_calls(run)
        armed = f"Pod {run.pod_id} is armed: it ends itself, whatever happens here."
        if run.is_cluster:
            armed = f"{named_pod(run.pod_id, begins=True)} is ready; it is released from here."
        self.reporter.say(Stage.ARMED, armed, run)
        return run

    def _count_calls(self, run: Run) -> Run:
        made, self._calls_before = (
            self._bench.provider.calls - self._calls_before,
            self._bench.provider.calls,
        )
        return self._bench.runs.update(run, provider_calls=run.provider_calls + made)


def _given_up(exc: NeverCameUp) -> LauncherError:
    if isinstance(exc, DearerThanAgreed):
        return NothingAvailable(
            str(exc),
            hint=Sentence(
                "Prices have changed: plan again, or choose a GPU that ",
                NextStep.LIST_GPUS,
                " shows at a price you want.",
            ),
        )
    return RunFailed(
        str(exc),
        hint=Sentence(
            "Other GPU types or data centres may be available; ", NextStep.LIST_GPUS, " lists them."
        ),
    )


def _refuse_bad_plan(plan: Plan, keys: Keys, place: Place) -> None:
    if plan.errors:
        first = plan.errors[0]
        raise InvalidRequest(first.message, hint=first.hint)
    if not plan.candidates:
        raise NothingAvailable(
            "The plan has no GPU to try.",
            hint=Sentence(NextStep.LIST_GPUS, " lists what there is."),
        )
    need_place_key(keys, place)
    need_results_key(keys, plan.settings)
    keys.need_named(plan.secrets)


def _renting(offer: Offer, place: Place) -> str:
    if place.is_rented:
        return f"Renting {sentence_of(offer)}."
    return f"Starting the run on {place.title}, with {offer.gpu_name}."


def _estimate(plan: Plan) -> dict[str, Any]:
    found = plan.estimate
    return {
        "hours": found.hours if found else None,
        "cost_usd": found.cost_usd if found else None,
        "worst_case_usd": plan.worst_case_usd,
    }
