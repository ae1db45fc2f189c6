"""Arithmetic of money; every figure in US dollars."""

from __future__ import annotations


def cost_usd(price_per_hour_usd: float, seconds: float) -> float:
    return price_per_hour_usd * seconds / 3600.0


def worst_case_cost_usd(price_per_hour_usd: float, max_hours: float, max_cost_usd: float) -> float:
    """The most a run can cost: whichever cap is reached first ends it."""
    return min(price_per_hour_usd * max_hours, max_cost_usd)


def hours_until_capped(price_per_hour_usd: float, max_hours: float, max_cost_usd: float) -> float:
    """How long a run can go on before a cap ends it."""
    if price_per_hour_usd <= 0:
        return max_hours
    return min(max_hours, max_cost_usd / price_per_hour_usd)
