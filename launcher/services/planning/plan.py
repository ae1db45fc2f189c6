"""What a run would do and cost, found out by reading alone: nothing is rented, made or sent."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from launcher.domain.account import Account
from launcher.domain.brought import Brought
from launcher.domain.choice import candidates
from launcher.domain.command import refuse_keys
from launcher.domain.needs import greatest
from launcher.domain.offer import Offer
from launcher.domain.plan import Composed, Plan
from launcher.domain.run import Run, RunState
from launcher.errors import (
    HubError,
    InvalidRequest,
    LauncherError,
    NotConfigured,
)
from launcher.providers.place import Place
from launcher.recipes import recipe_of
from launcher.services.common import our_image
from launcher.services.common.boot_budget import start_seconds
from launcher.services.common.disk_room import findings_on_disk, with_inputs
from launcher.services.common.image_check import ImageCheck
from launcher.services.common.place_key import need_place_key, place_key
from launcher.services.common.places import place_of
from launcher.services.common.run_secrets import can_make_secrets, handed_over, sources_of_named
from launcher.services.common.run_tokens import need_results_key
from launcher.services.common.workbench import Workbench
from launcher.services.launching.bad_hosts import bad_hosts, findings_on_bad_hosts, steered
from launcher.services.launching.orders import new_attempt, run_document
from launcher.services.planning.brought.changed import findings_on_changes
from launcher.services.planning.brought.look import look_at_brought
from launcher.services.planning.choosing import FREE_CHOICE, FreeChoice
from launcher.services.planning.dataset_names import how_to_force, refuse_unknown
from launcher.services.planning.foreign_image import findings_on_foreign_image
from launcher.services.planning.hub_view import HubView, look_at_hub
from launcher.services.planning.image_look import (
    findings_on_look,
    look_at_image,
    planned_image,
)
from launcher.services.planning.money import findings_on_money, within_limits
from launcher.services.planning.nodes import findings_on_nodes
from launcher.services.planning.requests import agreed_of, planned_requests
from launcher.services.planning.resuming import findings_on_resume
from launcher.services.telling.addresses import Address, addresses_of
from launcher.stores.secrets import Keys, NamedSecret, how_to_give
from pod_image.contract.common_settings import Cloud
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import NextStep, Said, Sentence, joined, setting
from pod_image.contract.paths import STUDIES_FOLDER
from pod_image.contract.results_address import folder_in, is_folder
from pod_image.contract.settings import RunSettings

_RUN_FOLDER = re.compile(r"^run-(\d{2,})$")
MOST_NAMES = 10
"""Of runs in one hint; the newest, when ids count up."""
_NOT_CONFIGURED = {"token_refused", "no_token", "environment"}
_UNUSABLE_REQUEST = {"no_such_repo", "no_right", "may_not_create", "network", "base"}


async def make_plan(
    bench: Workbench,
    composed: Composed,
    keys: Keys,
    *,
    resume: bool = False,
    forced: Collection[str] = (),
    choice: FreeChoice = FREE_CHOICE,
    may_pod_tell: bool = True,
) -> Plan:
    """The plan for these settings. `forced` are codes of dataset errors that are let pass, as warnings; `choice`
    has a word on which offers are tried, in which order.

    The addresses in `keys` that a pod can tell at are handed to it, unless `may_pod_tell` is off.

    What keeps the run from being launched on the Hub's side stands in `errors` of the plan; raises
    NotConfigured (no key, key refused), NothingAvailable (with the nearest offer), InvalidRequest (run id
    taken, unknown code) and other LauncherErrors of the provider.
    """
    bench = bench.at(place_of(composed.settings).name)
    refuse_unknown(forced)
    _refuse_folder(bench.place, composed.settings)
    need_place_key(keys, bench.place)
    need_results_key(keys, composed.settings)
    settings = composed.settings
    refuse_keys(settings.model_dump())
    recipe = recipe_of(settings)
    looked = await _look(bench, settings, forced, resume=resume)
    view, account = looked.view, looked.account
    asked, composed = composed, replace(composed, settings=view.settings)
    settings = composed.settings
    secrets = sources_of_named(settings, keys)
    addresses = addresses_of(keys)
    told_from_pod = _hosts_for_pods(addresses) if may_pod_tell else ()
    bad = bad_hosts(bench)
    needed = recipe.memory_needed(settings, view.dataset)
    memory = greatest(needed, view.start.memory)
    fitting = candidates(looked.offers, settings, memory, choice.most_times_the_price)
    wanted = choice.ordered(steered(fitting, bad))
    chosen = within_limits(wanted, account)
    known = {
        run.run_id
        for run in bench.runs.runs()
        if run.results_repo == settings.results and not was_never_rented(run)
    }
    run_id = _run_id(settings, view.taken | known, resume=resume, is_all=view.are_runs_known)
    known_image = planned_image(settings, bench.place, looked.image)
    image_gb = known_image.size_gb if known_image else None
    findings = [
        *await _findings_on_what_it_takes(bench, composed, looked, forced),
        *_findings_on_secrets(secrets),
        *_findings_on_folder(settings),
        *findings_on_money(bench.place, settings, wanted, account),
        *findings_on_nodes(bench.place, settings, chosen[0]),
        *findings_on_bad_hosts(chosen, bad),
        *findings_on_disk(
            settings,
            with_inputs(recipe.disk_needed(settings, view.dataset), view.inputs),
            image_gb,
        ),
        *findings_on_look(settings, bench.place, looked.image),
        *findings_on_foreign_image(settings, chosen[0], image_gb),
    ]
    if bench.place.is_rented:
        findings += our_image.findings_on_image(settings.image)
    findings += _findings_on_place_key(bench.place, keys)
    if not looked.has_secrets:
        findings.append(_in_plain(bench.place, handed_over(settings, secrets, told_from_pod)))
    plan = Plan(
        composed=composed,
        run_id=run_id,
        candidates=chosen,
        dataset=view.dataset,
        estimate=recipe.estimate(
            settings,
            view.dataset,
            chosen[0],
            bench.runs.runs(),
            start_seconds(settings, bench.place, image_gb),
        ),
        findings=tuple(findings),
        makes_results_repo=view.makes_results_repo,
        resume=resume,
        secrets_in_plain=not looked.has_secrets,
        account=account,
        account_id=account.account_id,
        base_licence=view.start.licence,
        inputs=view.inputs,
        image=known_image,
        secrets=secrets,
        told_here=tuple(each.shown for each in addresses),
        told_from_pod=told_from_pod,
        forced=tuple(dict.fromkeys(forced)),
        brought=looked.brought,
        asked=asked,
    )
    told = await bench.provider.notes(
        run_document(plan, new_attempt(bench, plan), plan.offer)
        if not bench.place.is_rented
        else ""
    )
    plan = replace(plan, findings=(*plan.findings, *_findings_on_estimate(plan), *told))
    requests = planned_requests(bench, plan, keys.sources)
    return replace(plan, requests=requests, agreed=agreed_of(bench, plan, keys.sources))


@dataclass(frozen=True)
class _Looked:
    """What was asked for a plan, all at once: the Hub, the place, the image's registry, the files that go along."""

    view: HubView
    offers: Sequence[Offer]
    has_secrets: bool
    account: Account
    image: ImageCheck | None
    brought: Brought
    on_brought: tuple[Finding, ...]


async def _look(
    bench: Workbench, settings: RunSettings, forced: Collection[str], *, resume: bool
) -> _Looked:
    view, offers, has_secrets, account, image, (brought, on_brought) = await asyncio.gather(
        look_at_hub(bench, settings, forced, resume=resume),
        bench.provider.offers(
            settings.gpu_count, Cloud.ANY, (), settings.min_cuda_version, settings.nodes
        ),
        can_make_secrets(bench.provider),
        bench.provider.account(),
        look_at_image(bench, settings),
        bench.hub.run(look_at_brought, settings),
    )
    return _Looked(view, offers, has_secrets, account, image, brought, on_brought)


async def _findings_on_what_it_takes(
    bench: Workbench, composed: Composed, looked: _Looked, forced: Collection[str]
) -> list[Finding]:
    """On settings, dataset, base, the run that is continued and the files that go along."""
    view, settings, on_brought = looked.view, composed.settings, looked.on_brought
    on_resume = (
        findings_on_resume(composed, view.earlier, view.dataset, forced) if view.earlier else ()
    )
    if view.earlier and not any(found.severity is Severity.ERROR for found in on_brought):
        record = view.earlier.record
        on_brought += await findings_on_changes(bench, settings.results, record, looked.brought)
    return [
        *(Finding(Severity.NOTE, "older_settings", note) for note in composed.notes),
        *view.findings,
        *recipe_of(settings).findings(settings, view.dataset),
        *on_resume,
        *on_brought,
    ]


def _refuse_folder(place: Place, settings: RunSettings) -> None:
    """Raises InvalidRequest for a dataset in a folder where the run's machine is none of the person's own."""
    if place.is_rented and is_folder(settings.dataset_repo):
        raise InvalidRequest(
            f"{place.title} cannot read the folder {settings.dataset_repo}.",
            hint="Send the dataset to a repo, or choose a machine of your own.",
        )


def was_never_rented(run: Run) -> bool:
    """Whether it ended before it had a pod: its id is free, since nothing can be there under it."""
    return run.state is RunState.ENDED and not run.shown_pod_id and not run.is_from_repo


def _hosts_for_pods(addresses: Iterable[Address]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.shown for each in addresses if each.is_for_pods))


def raise_errors(plan: Plan) -> None:
    """Raise what keeps the plan from being launched, all of it in one error of the fitting kind."""
    errors = plan.errors
    if not errors:
        return
    kind = _kind([finding.code for finding in errors])
    hints = dict.fromkeys([finding.hint for finding in errors] + [how_to_force(errors)])
    raise kind(joined([finding.message for finding in errors], "\n"), hint=joined(hints, "\n"))


def _kind(codes: list[str]) -> type[LauncherError]:
    if any(code in _NOT_CONFIGURED for code in codes):
        return NotConfigured
    if any(code in _UNUSABLE_REQUEST for code in codes):
        return HubError
    return InvalidRequest


def _run_id(
    settings: RunSettings, taken: frozenset[str] | set[str], *, resume: bool, is_all: bool
) -> str:
    if settings.run_id == STUDIES_FOLDER:
        raise InvalidRequest(
            f"No run can be called {STUDIES_FOLDER}: studies are kept in the folder of that name.",
            hint="Give it another name.",
        )
    if settings.run_id and resume and is_all and settings.run_id not in taken:
        raise InvalidRequest(
            f"{settings.results} has no run {settings.run_id} to continue.", hint=_names(taken)
        )
    if settings.run_id:
        if settings.run_id in taken and not resume:
            raise InvalidRequest(
                f"{settings.results} already has a run {settings.run_id}.",
                hint=Sentence(
                    "Continue it with ",
                    NextStep.CONTINUE_RUN,
                    ", or leave ",
                    setting("run_id"),
                    " out for the next free one.",
                ),
            )
        return settings.run_id
    if resume:
        raise InvalidRequest(
            Sentence(NextStep.CONTINUE_RUN, " needs to know which run to continue."),
            hint=Sentence("Give it: ", setting("run_id", "run-01")),
        )
    numbers = [int(match[1]) for name in taken if (match := _RUN_FOLDER.match(name))]
    return f"run-{max(numbers, default=0) + 1:02}"


def _names(taken: Collection[str]) -> Said:
    if not taken:
        return Sentence("It has no runs yet; leave ", NextStep.CONTINUE_RUN, " out to start one.")
    newest = sorted(taken)[-MOST_NAMES:]
    return Sentence(
        f"It has {', '.join(newest)}; leave ", NextStep.CONTINUE_RUN, " out to start a new one."
    )


def _findings_on_place_key(place: Place, keys: Keys) -> list[Finding]:
    """The key that opens a place never goes into a pod; but where a token that does is the same, it is there."""
    name = place_key(place)
    own = keys.get(name) if name is not None else None
    if own is None or own not in (keys.hf_dataset, keys.hf_upload):
        return []
    return [
        Finding(
            Severity.WARNING,
            "place_key_in_pod",
            f"The token that opens {place.title} is also given to the run: any program there "
            f"could start and end runs of yours.",
            "Make two separate tokens: one that writes the results, and one for the provider.",
        )
    ]


def _in_plain(place: Place, handed: str) -> Finding:
    return Finding(
        Severity.WARNING,
        "secrets_in_plain",
        f"This {place.title} key cannot store account secrets, so {handed} could be read in the pod's "
        "definition during the run.",
        "Give the key the right to account secrets, or use tokens that can access only these two repos.",
    )


def _findings_on_folder(settings: RunSettings) -> list[Finding]:
    """What a folder cannot do that a repo does."""
    folder = folder_in(settings.results)
    if folder is None:
        return []
    where = f"{folder.host}, which ssh has to reach" if folder.host else "this computer"
    return [
        Finding(
            Severity.NOTE,
            "results_folder",
            f"The results go to the folder {folder.path} on {where}. Another computer can neither follow this run nor "
            "continue it, unless it has that folder too, and there is no second copy.",
        )
    ]


def _findings_on_secrets(secrets: Mapping[str, str]) -> list[Finding]:
    return [
        Finding(
            Severity.NOTE,
            "secret_missing",
            f"{name} has no value yet; you are asked for it at launch.",
            how_to_give(NamedSecret(name)),
        )
        for name, source in secrets.items()
        if not source
    ]


def _findings_on_estimate(plan: Plan) -> list[Finding]:
    if plan.estimate is None or plan.estimate.hours <= plan.hours_until_capped:
        return []
    cap = "max_hours"
    if plan.settings.max_cost_usd < plan.offer.price_per_hour_usd * plan.settings.max_hours:
        cap = "max_cost_usd"
    shorter = recipe_of(plan.settings).how_to_be_shorter(plan.settings)
    return [
        Finding(
            Severity.WARNING,
            "cap_before_end",
            f"The run is estimated to take {plan.estimate.hours:.1f} hours, but the caps end it after "
            f"{plan.hours_until_capped:.1f}. It then tries to upload what it has.",
            Sentence("Raise ", setting(cap), ", or " if shorter else "", shorter, "."),
        )
    ]
