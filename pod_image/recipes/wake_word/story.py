"""The story of a wake word: clips are spoken and heard, a model learns them, is measured, and written as files."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np
import torch

from pod_image.contract.figures import counted, duration
from pod_image.recipes.cores import usable_cores
from pod_image.recipes.wake_word.ears import WINDOW, samples_for
from pod_image.recipes.wake_word.examples import Clips, Examples, FeatureFile
from pod_image.recipes.wake_word.making import held_out_recordings, loaded, make_all, parts_of
from pod_image.recipes.wake_word.model_file import onnx_predictor, write_onnx, write_tflite
from pod_image.recipes.wake_word.order import Order
from pod_image.recipes.wake_word.parts import Makings, Part, Role
from pod_image.recipes.wake_word.places import Places
from pod_image.recipes.wake_word.report import write_report
from pod_image.recipes.wake_word.scores import HeldOut, Peaks, listen
from pod_image.recipes.wake_word.speaker import RATE_HZ, Manner, Speaker
from pod_image.recipes.wake_word.surroundings import Surroundings
from pod_image.recipes.wake_word.their_code import ears_folder, training_module
from pod_image.recipes.wake_word.training import Lesson, Stopped, Training

MARGIN_SECONDS = 0.3
"""What a window holds beyond the phrase as it is said slowly."""
SLOW = 1.2
MOST_OTHER_CLIPS = 4_000
"""Of hours that are given, for measuring: some seven hours."""

Say = Callable[[Mapping[str, float]], None]


class Story:
    def __init__(
        self, order: Order, places: Places, say: Say, is_stopped: Callable[[], bool]
    ) -> None:
        self._order, self._places = order, places
        self._say, self._is_stopped = say, is_stopped
        self._lesson = Lesson(order.steps, order.layer_size, order.false_alarm_weight)

    def tell(self) -> None:
        """Raises what is wrong with what was given, and NotInstalled."""
        module = training_module()  # what is not installed is known before an hour of clips
        self._places.samples.mkdir(parents=True, exist_ok=True)
        print(
            f"{counted(len(self._parts), 'part')} of clips, heard in windows of {self._window} frames.",
            flush=True,
        )
        self._places.mark(self._window)
        if not self._make_clips():
            print("Stopped before all clips were made: there is no model yet.", flush=True)
            return
        torch.set_num_threads(1)  # so small a network loses more to several than it wins
        training = Training(
            module,
            self._lesson,
            self._examples(),
            self._held_out,
            self._places.training,
            self._say,
            self._is_stopped,
        )
        try:
            network = training.run()
        except Stopped:
            print("Stopped: the model is what was learnt so far.", flush=True)
            network = training.network
        self._write(network)

    @cached_property
    def _window(self) -> int:
        """Frames that a model looks at: openWakeWord's sixteen, or as many as a longer phrase takes."""
        kept = self._places.marked_window()
        if kept is not None:
            return kept
        speaker = Speaker(self._places.voices[0])
        sounds = [
            speaker.say(speaker.symbols(phrase), Manner(pace=SLOW))
            for phrase in self._order.phrases
        ]
        longest = max(len(sound) for sound in sounds) + math.ceil(MARGIN_SECONDS * RATE_HZ)
        return next(frames for frames in range(WINDOW, 200) if samples_for(frames) >= longest)

    @cached_property
    def _parts(self) -> list[Part]:
        return parts_of(self._order.clips, len(self._places.recordings))

    def _make_clips(self) -> bool:
        places, aside = self._places, held_out_recordings(len(self._places.recordings))
        # Every fifth, in the order of their names: whoever recorded two voices has both on each side.
        numbered = list(enumerate(places.recordings))
        own = {
            True: [path for n, path in numbered if n % 5 == 4],
            False: [path for n, path in numbered if n % 5 != 4],
        }
        assert len(own[True]) == aside
        surroundings = Surroundings(places.backgrounds, places.room_responses)
        makings = {
            held_out: Makings(
                self._order.phrases,
                self._order.near_misses,
                places.voices,
                ears_folder(),
                self._window,
                surroundings,
                tuple(own[held_out]),
                places.samples,
            )
            for held_out in (True, False)
        }

        def tell(done: int, whole: int) -> None:
            print(f"{done:,} of {counted(whole, 'clip')} made.", flush=True)
            self._say({"step": 0, "total_steps": self._lesson.total_steps, "clips": done})

        return make_all(self._parts, makings, places.parts, usable_cores(), tell, self._is_stopped)

    def _examples(self) -> Examples:
        return Examples(
            self._window,
            {
                "positive": _together(self._loaded(Role.PHRASE), self._loaded(Role.RECORDED)),
                "near_miss": self._loaded(Role.NEAR_MISS),
                "speech": self._loaded(Role.SPEECH),
                "noise": self._loaded(Role.NOISE),
            },
            [FeatureFile(path) for path in self._places.negative_features],
        )

    @cached_property
    def _held_out(self) -> HeldOut:
        near_miss, kinds = loaded(self._places.parts, self._parts, Role.NEAR_MISS, held_out=True)
        talk = self._loaded(Role.SPEECH, held_out=True)
        given = [FeatureFile(path) for path in self._places.negative_features]
        other = [talk, self._loaded(Role.NOISE, held_out=True)]
        other += [file.held_out(talk.shape[1], MOST_OTHER_CLIPS) for file in given]
        return HeldOut(
            self._loaded(Role.PHRASE, held_out=True),
            near_miss,
            kinds,
            np.concatenate(other),
            self._loaded(Role.RECORDED, held_out=True),
        )

    def _loaded(self, role: Role, *, held_out: bool = False) -> Clips:
        return loaded(self._places.parts, self._parts, role, held_out=held_out)[0]

    def _write(self, network: Any) -> None:
        out, name = self._places.out, self._order.name
        onnx = out / f"{name}.onnx"
        write_onnx(network, self._window, onnx)
        write_tflite(network, self._window, out / f"{name}.tflite")
        print("Measuring the finished file with what it never learnt from.", flush=True)
        peaks = listen(onnx_predictor(onnx), self._held_out, self._window)
        write_report(
            out, self._order, self._window, peaks, has_hours=bool(self._places.negative_features)
        )
        _print_scores(peaks)


def _together(one: Clips, other: Clips) -> Clips:
    return np.concatenate([one, other]) if len(other) else one


def _print_scores(peaks: Peaks) -> None:
    scores = peaks.scores()
    print(
        f"Heard {scores['heard']:.1%} of the wake words, took {scores['near_misses_taken']:.1%} of the near misses, "
        f"{scores['false_alarms_per_hour']:.1f} false alarms an hour; other sound: {duration(peaks.hours * 3600)}.",
        flush=True,
    )
