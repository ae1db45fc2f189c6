"""The table of offers: what a job would take and cost on each GPU."""

from __future__ import annotations

from launcher.cli.terminal.layout import paragraph, table
from launcher.cli.terminal.next_steps import in_terminal
from launcher.services.planning.offers import OffersFound, PricedOffer
from pod_image.contract.figures import UNKNOWN, dollars, roughly


def offers_text(found: OffersFound) -> str:
    parts = [_table(found) if found.offers else "Nothing is free now."]
    parts += [paragraph(in_terminal(trouble)) for trouble in found.troubles]
    parts += _how_it_is_known(found)
    parts += [
        paragraph(f"{each.place.name}: {in_terminal(finding.message)}")
        for each in found.notes
        for finding in each.findings
    ]
    return "\n\n".join(parts)


def _how_it_is_known(found: OffersFound) -> list[str]:
    """What the job's columns rest on, and why some are empty."""
    known = [(each, each.estimate) for each in found.fitting if each.estimate is not None]
    bases: dict[str, str] = {}  # by provider, whose start takes its own time: that of its cheapest
    for each, estimate in known:
        bases.setdefault(each.place.name, estimate.basis)
    if len({*bases.values()}) == 1:
        said = [paragraph(f"THE JOB and TAKES: {next(iter(bases.values()))}.")]
    else:
        said = [paragraph(f"THE JOB and TAKES, {name}: {basis}.") for name, basis in bases.items()]
    if len(known) < len(found.fitting):
        said.append(
            paragraph(
                "What is unknown becomes known once a run of yours with the same settings has finished; of some "
                "recipes also when a dataset is named. AT MOST is what the caps allow in any case."
            )
        )
    if any(estimate.cost_usd > each.most_usd for each, estimate in known):
        said.append(
            paragraph(
                "Where THE JOB is more than AT MOST, a cap would end the run before it is finished."
            )
        )
    return said


def _table(found: OffersFound) -> str:
    headers = ("PROVIDER", "GPU", "MEMORY", "AN HOUR", "THE JOB", "TAKES", "AT MOST", "STOCK")
    return table(headers, [_row(each) for each in found.offers], right=range(2, len(headers) - 1))


def _row(each: PricedOffer) -> tuple[str, ...]:
    offer, estimate = each.offer, each.estimate
    cost = dollars(estimate.cost_usd) if estimate else UNKNOWN
    time = roughly(estimate.hours) if estimate else UNKNOWN
    if not offer.price_per_hour_usd:
        cost = dollars(0.0)  # however long it takes
    return (
        each.place.name,
        f"{offer.gpu_name} ({offer.variant})",
        f"{offer.memory_gb} GB",
        dollars(offer.price_per_hour_usd),
        cost,
        time,
        dollars(each.most_usd),
        each.blocked or offer.stock.text,
    )
