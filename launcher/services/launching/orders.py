"""From a plan to the order of a pod: the run document, the environment, and the attempt's row in the history."""

from __future__ import annotations

from datetime import timedelta

from launcher.domain.offer import Offer
from launcher.domain.plan import Plan
from launcher.domain.pod import NONCE_VARIABLE, PodName, PodOrder, new_nonce
from launcher.domain.run import Run, RunState
from launcher.services.common.boot_budget import boot_budget
from launcher.services.common.disk_room import rented_disk_gb
from launcher.services.common.document_text import document_text
from launcher.services.common.images import is_bootstrap
from launcher.services.common.our_image import ordered_image
from launcher.services.common.places import place_of
from launcher.services.common.run_secrets import TokenEnvironment
from launcher.services.common.workbench import Workbench
from launcher.services.launching.bootstrap import FOLDER_VARIABLE, RUN_FOLDER, start_words
from pod_image.contract import CONTRACT_VERSION
from pod_image.contract.environment import (
    COMMITS_ALONE,
    HUB_URL_VARIABLE,
    RUN_VARIABLE,
    Attempt,
    RunDocument,
)
from pod_image.contract.settings import RunSettings
from pod_image.contract.variables import PUBLIC_HUB_URL


def new_attempt(bench: Workbench, plan: Plan) -> Run:
    """The next attempt at the plan's run, with a nonce of its own; not in the history yet."""
    repo = plan.settings.results
    earlier = bench.runs.attempts(repo, plan.run_id)
    number = max((run.attempt for run in earlier), default=0) + 1
    nonce = new_nonce()
    now = bench.clock.now()
    return Run(
        run_id=plan.run_id,
        results_repo=repo,
        attempt=number,
        nonce=nonce,
        state=RunState.LAUNCHING,
        planned_at=now,
        pod_name=str(PodName(plan.run_id, number, nonce)),
        price_per_hour_usd=plan.offer.price_per_hour_usd,
        gpu_name=plan.offer.gpu_name,
        max_hours=plan.settings.max_hours,
        max_cost_usd=plan.settings.max_cost_usd if bench.place.is_rented else 0.0,
        deadline=bench.provider_now() + timedelta(hours=plan.settings.max_hours),
        preset=plan.composed.preset,
        settings_json=plan.settings_json,
        account_id=plan.account_id,
        place=bench.place.name,
    )


def run_document(plan: Plan, run: Run, offer: Offer, commits_per_hour: int = COMMITS_ALONE) -> str:
    """What stands in LAUNCHER_RUN. Raises InvalidRequest when it is too long for a pod."""
    document = RunDocument(
        contract=CONTRACT_VERSION,
        run_id=run.run_id,
        attempt=Attempt(number=run.attempt, nonce=run.nonce),
        settings=_spelt_out(plan),
        deadline=run.deadline or run.planned_at + timedelta(hours=plan.settings.max_hours),
        price_per_hour_usd=offer.price_per_hour_usd,
        dataset_commit=plan.dataset.commit if plan.dataset else "",
        more_dataset_commits=plan.dataset.commits[1:] if plan.dataset else (),
        resume=plan.resume,
        base_licence=plan.base_licence,
        brought_sha256=plan.brought.sha256,
        place=place_of(plan.settings).kind,
        commits_per_hour=commits_per_hour,
    )
    return document_text(document)


def _spelt_out(plan: Plan) -> RunSettings:
    """The settings as the pod is held to them: with the minutes that go by its image's size, its real disk, and no
    name of this computer.
    """
    minutes, disk_gb = (
        boot_budget(plan.settings, plan.image_gb).minutes,
        rented_disk_gb(plan.settings),
    )
    on_pod = plan.brought.settings_on_pod(plan.settings)
    return plan.settings.model_copy(update={"boot_minutes": minutes, "disk_gb": disk_gb, **on_pod})


def pod_order(
    bench: Workbench,
    plan: Plan,
    run: Run,
    offer: Offer,
    tokens: TokenEnvironment,
    commits_per_hour: int = COMMITS_ALONE,
) -> PodOrder:
    """The order for one candidate. The start command stays empty where the image's entry point is the agent."""
    settings = plan.settings
    environment = {
        RUN_VARIABLE: run_document(plan, run, offer, commits_per_hour),
        NONCE_VARIABLE: run.nonce,
        **tokens.environment,
        **bench.provider.pod_environment,
    }
    if bench.config.hub_url != PUBLIC_HUB_URL:
        environment[HUB_URL_VARIABLE] = bench.config.hub_url
    if is_bootstrap(settings.image):
        environment[FOLDER_VARIABLE] = RUN_FOLDER
    start = start_words(bench, plan, run)
    return PodOrder(
        name=run.pod_name,
        image=ordered_image(settings.image, bench.place),
        gpu_type=offer.gpu_type,
        gpu_count=offer.gpu_count,
        nodes=settings.nodes,
        cloud=offer.cloud,
        disk_gb=rented_disk_gb(settings),
        data_centers=offer.data_centers_sent(settings.data_centers),
        registry=settings.registry,
        min_cuda_version=settings.min_cuda_version,
        entry_point=start.entry_point,
        start_command=start.command,
        environment=environment,
        secrets=tokens.plain,
    )
