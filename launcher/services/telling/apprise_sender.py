"""Apprise, which tells people at many services (extra `notify`). It is silent here: its words quote addresses."""

from __future__ import annotations

import asyncio
import logging
import warnings
from functools import cache
from typing import Any

from launcher.errors import InvalidRequest, NotConfigured
from pod_image.contract.news import News

_LOGGERS = ("apprise", "markdown", "gntp")


def check(text: str) -> None:
    """Raises InvalidRequest for what Apprise knows nothing of, NotConfigured without the extra."""
    _service(text)


def holds_secret(text: str) -> bool:
    """Whether Apprise would hide a part of it. Raises what `check` raises."""
    service = _service(text)
    return bool(service.url(privacy=True) != service.url(privacy=False))


async def send(text: str, news: News) -> str:
    """Empty once it was taken, else why not. Never raises for a service's trouble."""
    return await asyncio.to_thread(_send, text, news)


def _send(text: str, news: News) -> str:
    try:
        service = _service(text)
        body = "\n".join(part for part in (news.text, news.link) if part)
        is_taken = service.notify(title=news.title, body=body)
    except (InvalidRequest, NotConfigured) as error:
        return str(error.message)
    except Exception as exc:  # a plugin's own; its text may quote the address
        return f"Apprise failed ({type(exc).__name__})"
    return "" if is_taken else "Apprise reports that it was not accepted"


def _service(text: str) -> Any:
    apprise = _loaded()
    scheme = text.partition("://")[0].lower()
    try:
        service = apprise.Apprise.instantiate(text, asset=_asset(apprise), suppress_exceptions=True)
    except Exception:
        service = None
    if service is None:
        raise InvalidRequest(
            f"Apprise does not know addresses that start with {scheme}://.",
            hint="See how to write each service's address: https://github.com/caronc/apprise/wiki",
        )
    return service


def _asset(apprise: Any) -> Any:
    return apprise.AppriseAsset(app_id="Pod Launcher", app_desc="Pod Launcher", secure_logging=True)


def _loaded() -> Any:
    try:
        import apprise
    except ImportError as exc:
        raise NotConfigured(
            "This address needs Apprise, which is not installed.",
            hint='Install it: pip install "pod-launcher[notify]"',
        ) from exc
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.disabled = True
    _load_plugins()
    return apprise


@cache
def _load_plugins() -> None:
    """Once, and without what libraries of plugins that nobody uses here warn of."""
    import apprise

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        apprise.Apprise.instantiate("json://localhost")
