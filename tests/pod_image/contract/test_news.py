"""The words of what is told of a run."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pod_image.contract.bodies import Ended
from pod_image.contract.news import NewsOfRun
from pod_image.contract.outcomes import EndReason

AT = datetime(2026, 11, 22, tzinfo=UTC)
ENDED = Ended(reason=EndReason.TIME_CAP, not_delivered=("run-01/a",))


@pytest.mark.parametrize(
    ("results", "where", "link"),
    [
        ("me/voice", "results repo", "https://huggingface.co/me/voice/tree/main/run-01"),
        ("/home/me/voices", "results folder", ""),
        ("gpubox:/data/voices", "results folder", ""),
    ],
)
def test_news_links_to_a_page_only_where_there_is_one(results: str, where: str, link: str) -> None:
    news = NewsOfRun("run-01", "0123456789", results, "https://huggingface.co").ended(AT, ENDED)
    assert f"1 file did not reach the {where}." in news.text
    assert news.link == link
