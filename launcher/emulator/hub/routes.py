"""Every route of the emulated Hub, in the order they are tried."""

from __future__ import annotations

from launcher.emulator.hub import (
    accounts,
    branches,
    commits,
    downloads,
    job_routes,
    listings,
    pages,
    repositories,
    uploads,
    xet,
)
from launcher.emulator.hub.core import Route

ROUTES: tuple[Route, ...] = (
    *accounts.ROUTES,
    *repositories.ROUTES,
    *listings.ROUTES,
    *branches.ROUTES,
    *commits.ROUTES,
    *uploads.ROUTES,
    *xet.ROUTES,
    *downloads.ROUTES,
    *job_routes.ROUTES,
    *pages.ROUTES,
)
