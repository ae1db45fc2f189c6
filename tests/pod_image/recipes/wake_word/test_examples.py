"""What a step learns from: shares of every role, hours of other sound read as they are needed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pod_image.recipes.wake_word.ears import WIDTH
from pod_image.recipes.wake_word.examples import (
    FROM_FILES,
    NEIGHBOURS,
    SHARES,
    Examples,
    FeatureFile,
    UnusableFeatures,
)

WINDOW = 16


def numbered(clips: int, frames: int, first: float) -> np.ndarray:
    """Clips whose frames are numbered, so that a window tells where it was taken from."""
    row = np.arange(frames, dtype=np.float16)[None, :, None] + np.float16(first)
    return np.broadcast_to(row, (clips, frames, WIDTH)).copy()


def test_a_batch_has_its_share_of_every_role_and_whole_windows() -> None:
    roles = {
        "positive": numbered(3, 18, 1000),
        "near_miss": numbered(5, 24, 0),
        "noise": numbered(2, 40, 0),
    }
    windows, labels = Examples(WINDOW, roles).batch()
    wanted = sum(SHARES[name] for name in roles)
    assert windows.shape == (wanted, WINDOW, WIDTH)
    assert labels.sum() == SHARES["positive"]
    assert (windows[:, 0, 0] >= 1000).tolist() == (labels == 1).tolist()
    assert (np.diff(windows[:, :, 0], axis=1) == 1).all()
    starts = set(windows[labels == 1, 0, 0].tolist())
    assert starts == {1000.0, 1001.0, 1002.0}


def test_the_same_draw_gives_the_same_batches() -> None:
    roles = {"positive": numbered(50, 18, 1), "near_miss": numbered(50, 24, 0)}
    one, other = (Examples(WINDOW, roles) for _ in range(2))
    for _ in range(3):
        assert np.array_equal(one.batch()[0], other.batch()[0])


@pytest.mark.parametrize("shape", [(400, WINDOW, WIDTH), (6400, WIDTH)])
def test_hours_of_other_sound_are_read_in_either_shape_and_their_end_is_kept(
    tmp_path: Path, shape: tuple[int, ...]
) -> None:
    path = tmp_path / "hours.npy"
    rows = np.repeat(np.arange(6400, dtype=np.float32)[:, None], WIDTH, axis=1)
    np.save(path, rows.reshape(shape))
    file = FeatureFile(path)
    windows, labels = Examples(WINDOW, {"positive": numbered(2, 18, 0)}, [file]).batch()
    assert len(windows) == SHARES["positive"] + FROM_FILES
    other = windows[labels == 0]
    assert (np.diff(other[:, :, 0], axis=1) == 1).all()
    assert other.max() < 6400 * 0.95
    assert len(set(other[:, 0, 0].tolist())) > NEIGHBOURS
    apart = file.held_out(WINDOW + 60, most=100)
    assert apart.shape == (4, WINDOW + 60, WIDTH)
    assert apart.min() >= 6400 * 0.95
    assert len(file.held_out(WINDOW + 60, most=2)) == 2


@pytest.mark.parametrize("shape", [(10, 16, 95), (96,), (4, 16, 1, 96)])
def test_an_array_of_another_shape_is_refused_by_its_name(
    tmp_path: Path, shape: tuple[int, ...]
) -> None:
    path = tmp_path / "other.npy"
    np.save(path, np.zeros(shape, dtype=np.float32))
    with pytest.raises(UnusableFeatures, match=r"other\.npy holds"):
        FeatureFile(path)


def test_what_is_no_array_is_refused_and_nothing_in_it_is_run(tmp_path: Path) -> None:
    path = tmp_path / "pickled.npy"
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(UnusableFeatures, match="cannot be read"):
        FeatureFile(path)
