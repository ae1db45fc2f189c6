"""A plan in words for a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from launcher.cli.terminal.layout import pairs, paragraph, table, usd
from launcher.cli.terminal.next_steps import in_terminal
from launcher.cli.terminal.output import LOOKS, style
from launcher.domain.agreed import SHOWN_HASH
from launcher.domain.offer import Offer
from launcher.domain.plan import Origin, Plan, PlannedImage, PlannedInput
from launcher.forms.value_text import value_text
from launcher.recipes import recipe_of
from launcher.services.common.account_words import account_words
from launcher.services.common.boot_budget import boot_budget
from launcher.services.common.places import place_of
from launcher.services.common.run_secrets import handed_over
from pod_image.contract.figures import counted, dollars_per_hour, recorded, roughly, size
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.results_address import is_folder

_OTHERS_NAMED = 3
_SOURCES = {
    "environment": "from the environment",
    "keyring": "from the keyring",
    "given": "as typed",
}


def plan_text(plan: Plan, *, everything: bool = False) -> str:
    """The plan for a person; with `everything` every setting is listed, not only what was chosen."""
    parts = [
        style(f"Plan for {plan.run_id}", "bold"),
        pairs(_summary(plan)),
        "",
        style("Settings", "bold") + _about_settings(plan, everything=everything),
        _settings(plan, everything=everything),
        "",
        style("What is sent where", "bold"),
        pairs(_sent(plan)),
    ]
    findings = findings_text(finding for finding in plan.findings if _is_to_be_said(finding))
    if findings:
        parts += ["", findings]
    return "\n".join(parts)


def findings_text(findings: Iterable[Finding]) -> str:
    """Gravest first, each with what to do about it."""
    lines = []
    for finding in sorted(findings, key=lambda item: item.severity.rank):
        word = finding.severity.value
        said = paragraph(f"{word}: {in_terminal(finding.message)}", hanging=2)
        lines.append(style(word, LOOKS[finding.severity], sys.stdout) + said[len(word) :])
        if finding.hint:
            lines.append(paragraph(in_terminal(finding.hint), indent=2))
    return "\n".join(lines)


def curl_text(plan: Plan) -> str:
    """The requests as command lines, in order."""
    return "\n\n".join(request.as_shell() for request in plan.requests)


def _is_to_be_said(finding: Finding) -> bool:
    """Errors are the command's own to say, as its end; the results repo stands in the summary."""
    return finding.severity is not Severity.ERROR and finding.code != "results_repo_made"


def _about_settings(plan: Plan, *, everything: bool) -> str:
    preset = f"preset {plan.composed.preset}" if plan.composed.preset else ""
    rest = "" if everything else "the rest are defaults; see --all"
    about = "; ".join(part for part in (preset, rest) if part)
    return f" ({about})" if about else ""


def _summary(plan: Plan) -> list[tuple[str, str]]:
    rows = [("Runs", recipe_of(plan.settings).summary(plan.settings, resume=plan.resume))]
    if plan.dataset is not None:
        rows.append(("Dataset", _dataset(plan)))
    if plan.inputs:
        rows.append(("Inputs", "\n".join(map(_input, plan.inputs))))
    kind = "folder is created" if is_folder(plan.settings.results) else "private repo is created"
    made = f"; the {kind}" if plan.makes_results_repo else ""
    rows.append(("Results", f"{plan.settings.results}, folder {plan.run_id}{made}"))
    rows.append(("GPU", _gpus(plan)))
    if plan.image is not None:
        rows.append(("Image", _image(plan.image)))
    rows.append(("Account", account_words(plan.account, place_of(plan.settings))))
    rows.append(("Ready in", _boot(plan)))
    if plan.estimate is not None:
        estimate = plan.estimate
        rows.append(
            (
                "Expected",
                f"about {roughly(estimate.hours)} and {usd(estimate.cost_usd)} ({estimate.basis})",
            )
        )
    rows.append(
        (
            "At most",
            f"{roughly(plan.hours_until_capped)} and {usd(plan.worst_case_usd)}; {_ends(plan)} by then, "
            "early enough to try to upload its results",
        )
    )
    rows.append(("Notify", _told(plan)))
    if plan.hash:
        short = plan.hash[:SHOWN_HASH]
        rows.append(("Plan", f"{short}, kept for an hour: launcher deploy --plan {short}"))
    return rows


def _ends(plan: Plan) -> str:
    if plan.settings.nodes == 1:
        return f"the {'pod' if place_of(plan.settings).is_rented else 'run'} ends itself"
    return "the training ends, and this program releases its pods,"


def _told(plan: Plan) -> str:
    from_pod = plan.told_from_pod
    here = ", ".join(each for each in plan.told_here if each not in from_pod)
    by_computer = f"{here}, while this computer follows the run"
    if from_pod:
        by_pod = f"{', '.join(from_pod)}, from the pod, even while this computer is off"
        return f"{by_pod}\n{by_computer}" if here else by_pod
    how = "(--notify ntfy://TOPIC)"
    if here:
        return f"{by_computer}; none while it is off {how}"
    return f"none while this computer is off {how}"


def _dataset(plan: Plan) -> str:
    found = plan.dataset
    assert found is not None
    if not found.clips:
        at = ", ".join(commit[:8] for commit in found.commits)
        return f"{found.repo} at commit{'s' if found.parts else ''} {at}"
    minutes = f", {recorded(found.minutes)}" if found.minutes is not None else ""
    rates = " and ".join(f"{rate:,} Hz" for rate in found.sample_rates_hz)
    speakers = counted(found.speakers, "speaker")
    described = f"{counted(found.clips, 'clip')}{minutes}, {rates or 'rate unknown'}, {speakers}"
    if not found.parts:
        return f"{found.repo}: {described} (commit {found.commit[:8]})"
    each = "; ".join(
        f"{part.name}: {counted(part.clips, 'clip')} (commit {part.commit[:8]})"
        for part in found.parts
    )
    return f"{described}. {each}"


def _input(one: PlannedInput) -> str:
    put = f", in {one.folder}" if one.folder else ""
    files = f"{counted(one.files, 'file')}, {size(one.size_bytes)}"
    return f"{one.name}: {files}{put} (commit {one.commit[:8]})"


def _image(image: PlannedImage) -> str:
    told = size(image.size_bytes) if image.size_bytes is not None else "size unknown"
    python = f", Python {image.python[0]}.{image.python[1]}" if image.python else ""
    return f"{image.name}: in its registry, {told}{python}"


def _gpus(plan: Plan) -> str:
    first, *others = plan.candidates
    text = _offer(first)
    if others:
        named = [f"{o.gpu_name} {o.variant} {usd(o.price_per_hour_usd)}" for o in others]
        more = f" and {len(others) - _OTHERS_NAMED} more" if len(others) > _OTHERS_NAMED else ""
        text += f"\nif unavailable: {', '.join(named[:_OTHERS_NAMED])}{more}"
    return text


def _boot(plan: Plan) -> str:
    budget = boot_budget(plan.settings, plan.image_gb)
    end = "the pod is released" if place_of(plan.settings).is_rented else "the run is ended"
    then = " and the next one is tried" if len(plan.candidates) > 1 else ""
    return f"{budget.minutes:g} minutes, or {end}{then} ({budget.basis})"


def _offer(offer: Offer) -> str:
    return (
        f"{offer.counted}{offer.gpu_name}, {offer.memory_gb} GB, {offer.flavour or f'{offer.cloud.value} tier'}, "
        f"{dollars_per_hour(offer.price_per_hour_usd)}, stock {offer.stock.text}"
    )


def _settings(plan: Plan, *, everything: bool) -> str:
    rows = []
    for name, value in plan.settings.applicable().items():
        origin = plan.composed.origins[name]
        if origin is Origin.DEFAULT and not everything:
            continue
        rows.append((f"  {name}", _shown(value_text(name, value)), origin.value))
    text = table(("  NAME", "VALUE", "FROM"), rows)
    if plan.composed.dropped:
        names = ", ".join(plan.composed.dropped)
        text += "\n" + paragraph(f"These values of the preset do not apply here: {names}", 2)
    return text


def _shown(text: str, limit: int = 44) -> str:
    """Shorter where a terminal is narrow; a pipe or a file gets all of it."""
    if len(text) <= limit or not sys.stdout.isatty():
        return text
    return f"{text[: limit // 2 - 1]}…{text[-limit // 2 :]}"


def _sent(plan: Plan) -> list[tuple[str, str]]:
    place = place_of(plan.settings)
    title = place.title
    results = plan.settings.results
    handed = handed_over(plan.settings, plan.secrets, plan.told_from_pod)
    if plan.secrets_in_plain:
        tokens = f"{handed}, readable in the pod's definition during the run"
    else:
        many = "" if plan.secrets or plan.told_from_pod else "two "
        kept = "account secrets that are removed after the run"
        kind = kept if place.keeps_secrets else "secrets of the run, shown to nobody"
        tokens = f"{handed}, as {many}{kind}"
    if not place.is_rented:
        tokens = f"{handed}, over the standard input of the run's first process; in no file and no argument"
    if not handed:
        tokens = "no token"
    own = [
        f"{name} ({_SOURCES[source]})" if source else f"{name} (asked for at the launch)"
        for name, source in plan.secrets.items()
    ]
    return [
        *(
            [
                (title, f"the settings above, the price cap and the deadline; {tokens}"),
                ("the pod", f"the settings and the tokens; your {title} key is never sent there"),
            ]
            if place.is_rented
            else [(title, f"the settings above and the deadline; {tokens}")]
        ),
        *(
            (host, "when it is armed, its first sample, 90 % of a cap, its end and cost")
            for host in plan.told_from_pod
        ),
        *([("the command", f"{', '.join(own)}; no other key")] if own else []),
        ("the folder", f"the results of the run, to {results}; nothing goes to Hugging Face")
        if is_folder(results)
        else ("Hugging Face", f"the results of the run, to {results}, and nothing else"),
    ]
