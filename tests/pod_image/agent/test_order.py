"""Which files are delivered next: no bad file holds up a good one, and nothing is tried for ever."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from pod_image.agent.order import DeliveryOrder, batches
from pod_image.agent.ports import HubTrouble

BATCH_BYTES = 100 << 20
AWAY = HubTrouble("The Hub does not answer.")
NEVER = HubTrouble("The Hub answered 400.", is_refusal=True, is_about_files=True)


def files(folder: Path, count: int, size_bytes: int = 0) -> list[Path]:
    paths = [folder / f"{number:03}.bin" for number in range(count)]
    for path in paths:
        with path.open("wb") as file:
            file.truncate(size_bytes)  # sparse: the size alone matters here
    return paths


def delivered(
    order: DeliveryOrder, paths: list[Path], trouble: dict[Path, HubTrouble]
) -> tuple[list[Path], int]:
    """Deliver to a Hub that refuses a batch with one of these files in it: what arrived, after how many commits."""
    arrived: list[Path] = []
    pending, commits = list(paths), 0
    while batch := order.next(pending):
        commits += 1
        assert commits < 10_000, "it goes on for ever"
        bad = [trouble[path] for path in batch if path in trouble]
        if bad:
            order.failed(batch, bad[0])
            if not set(pending) - set(trouble):
                break
            continue
        arrived += batch
        pending = [path for path in pending if path not in batch]
        order.committed(batch, pending)
    return arrived, commits


def test_large_files_go_in_few_commits_that_grow_and_the_first_goes_alone(tmp_path: Path) -> None:
    paths = files(tmp_path, 200, 105_000_000)
    order = DeliveryOrder(BATCH_BYTES)
    assert order.next(paths) == (paths[0],)
    assert delivered(order, paths, {}) == (paths, 8)


def test_commits_do_not_grow_beyond_what_the_time_allows(tmp_path: Path) -> None:
    paths, order = files(tmp_path, 40, 105_000_000), DeliveryOrder(BATCH_BYTES)
    order.committed(paths[:1], paths[1:])
    order.committed(paths[1:2], paths[2:])
    order.committed(paths[2:4], paths[4:])
    assert len(order.next(paths[4:])) == 7
    assert len(order.next(paths[4:], 500e6)) == 4
    assert len(order.next(paths[4:], 1.0)) == 1


def test_batches_put_what_matters_first_into_a_commit_of_its_own(tmp_path: Path) -> None:
    paths = []
    for name, size in (("voice", 30), ("json", 1), ("checkpoint", 500), ("sample", 1)):
        (tmp_path / name).write_bytes(bytes(size))
        paths.append(tmp_path / name)
    groups = [[path.name for path in group] for group in batches(paths, limit_bytes=100)]
    assert groups == [["voice", "json"], ["checkpoint"], ["sample"]]


@pytest.mark.parametrize("trouble", [NEVER, AWAY])
@pytest.mark.parametrize("count", [2, 9, 64])
def test_one_bad_file_holds_up_no_other(tmp_path: Path, trouble: HubTrouble, count: int) -> None:
    random.seed(count)
    paths = files(tmp_path, count, 40 << 20)
    bad = random.choice(paths)
    arrived, _ = delivered(DeliveryOrder(50 << 20), paths, {bad: trouble})
    assert set(arrived) == set(paths) - {bad}


def test_a_bad_file_among_many_small_ones_is_found_by_halving(tmp_path: Path) -> None:
    paths = files(tmp_path, 1_000, 1)
    bad = {paths[7]: NEVER, paths[600]: NEVER}
    order = DeliveryOrder(BATCH_BYTES)
    arrived, commits = delivered(order, paths, bad)
    assert set(arrived) == set(paths) - set(bad)
    assert commits < 50
    assert order.given_up == dict.fromkeys(bad, NEVER.message)


def test_a_batch_that_fails_while_the_hub_takes_others_is_taken_apart(tmp_path: Path) -> None:
    paths = files(tmp_path, 40, 10 << 20)
    arrived, _ = delivered(DeliveryOrder(BATCH_BYTES), paths, {paths[3]: AWAY})
    assert set(arrived) == set(paths) - {paths[3]}


def test_what_matters_most_is_tried_first_again_when_the_hub_is_back(tmp_path: Path) -> None:
    paths = files(tmp_path, 5, 60 << 20)
    order = DeliveryOrder(BATCH_BYTES)
    for _ in range(11):  # away long enough for every batch to have had its turn
        order.failed(order.next(paths), AWAY)
    batch = order.next(paths)
    assert batch != (paths[0],)
    order.committed(batch, [path for path in paths if path not in batch])
    assert order.next([path for path in paths if path not in batch])[0] == paths[0]


def test_a_file_that_is_never_in_the_repo_is_given_up(tmp_path: Path) -> None:
    good, unreadable = files(tmp_path, 2)
    order, pending, commits = DeliveryOrder(BATCH_BYTES), [good, unreadable], 0
    while batch := order.next(pending):
        commits += 1
        pending = [unreadable]
        order.committed(batch, pending)
    assert commits == 3
    assert list(order.given_up) == [unreadable]
