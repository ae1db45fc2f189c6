"""What the headers of the clips say about the dataset; pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from launcher.domain.advice import LEAST_MINUTES
from launcher.workshop.audio_headers import Heard
from pod_image.contract.figures import recorded
from pod_image.contract.findings import Finding
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.dataset import Code, Utterance

FEW_SPEAKER_CLIPS = 10


def audio_findings(heard: Sequence[Heard], sample_rate_hz: int) -> list[Finding]:
    """Rates and channels. One finding for the whole where all clips share it."""
    return [
        *_rates(heard, sample_rate_hz),
        *_channels(heard),
        *_same_audio(heard),
    ]


def minutes_findings(minutes: float, minutes_wanted: float) -> list[Finding]:
    if minutes >= minutes_wanted:
        return []
    needs_less = minutes_wanted > LEAST_MINUTES
    fine_tune = ", or choose a preset that fine-tunes a base voice" if needs_less else ""
    return [
        Code.MINUTES_FEW.finding(
            "",
            f"{recorded(minutes)} of speech; such a training needs at least {minutes_wanted:.0f}.",
            f"Record more{fine_tune}.",
        )
    ]


def _rates(heard: Sequence[Heard], wanted_hz: int) -> Iterator[Finding]:
    rates = Counter(each.header.rate_hz for each in heard if each.header)
    if len(rates) > 1:
        listed = ", ".join(f"{n:,} at {rate:,} Hz" for rate, n in rates.most_common(5))
        yield Code.RATE_MIXED.finding(
            "", f"The clips have {len(rates)} sample rates: {listed}.",
            "This works, because all are resampled; but clips from different sources rarely sound alike.",
        )  # fmt: skip
    low = [rate for rate in rates if rate < wanted_hz]
    if low:
        count = sum(rates[rate] for rate in low)
        yield Code.RATE_LOW.finding(
            "",
            f"{count:,} clips have less than {wanted_hz:,} Hz (lowest {min(low):,}): their treble is missing.",
            "Use the original recordings, or a quality at 16,000 Hz (x-low, low).",
        )  # fmt: skip
    high = [rate for rate in rates if rate > wanted_hz]
    if high:
        count = sum(rates[rate] for rate in high)
        yield Code.RATE_OTHER.finding(
            "", f"{count:,} clips have more than {wanted_hz:,} Hz (up to {max(high):,}).",
            Sentence("Nothing to do: they are resampled. ", NextStep.MAKE_DATASET, " would make them smaller to send."),
        )  # fmt: skip


def _channels(heard: Sequence[Heard]) -> Iterator[Finding]:
    channels = Counter(each.header.channels for each in heard if each.header)
    if len(channels) > 1:
        listed = ", ".join(f"{n:,} with {count}" for count, n in channels.most_common(5))
        yield Code.CHANNELS_MIXED.finding(
            "", f"The clips differ in channels: {listed}.",
            "This works, because all are mixed to mono; make sure that they are from one microphone.",
        )  # fmt: skip
    many = sum(n for count, n in channels.items() if count > 1)
    if many:
        yield Code.CHANNELS_MANY.finding(
            "", f"{many:,} clips have up to {max(channels)} channels; they are mixed to mono.",
            "If two microphones were used, keep one: the mix of both sounds hollow.",
        )  # fmt: skip


def _same_audio(heard: Sequence[Heard]) -> Iterator[Finding]:
    """Equal size, length and first bytes: the same sound under two names, for all practical purposes."""
    alike: dict[tuple[int, str], list[Heard]] = defaultdict(list)
    for each in heard:
        if each.head_digest:
            alike[each.utterance.size, each.head_digest].append(each)
    for group in alike.values():
        for twin in group[1:]:
            yield Code.AUDIO_TWICE.finding(
                twin.utterance.place,
                f"{twin.utterance.path} appears to hold the same sound as {group[0].utterance.path}.",
                "Check which transcript is right, and remove the other line.",
            )  # fmt: skip


def speaker_findings(clips: Sequence[Utterance], speakers_wanted: int | None) -> list[Finding]:
    """`speakers_wanted` None accepts however many there are. All clips count, as the pod counts them."""
    counts = Counter(each.speaker for each in clips)
    named = {name: n for name, n in counts.items() if name is not None}
    found: list[Finding] = []
    if named and counts[None]:
        place = next(each.place for each in clips if each.speaker is None)
        found.append(
            Code.SPEAKER_PARTLY.finding(
                place, f"{counts[None]:,} clips have no speaker, the others have one.",
                "Name the speaker on every line.",
            )
        )  # fmt: skip
    there = max(1, len(named))
    if speakers_wanted not in (None, there):
        found.append(
            Code.SPEAKERS_UNEXPECTED.finding(
                "",
                f"The table has {there} speaker{'s' * (there != 1)}, the settings say {speakers_wanted}.",
                f"Set speakers to {there}, or correct the speaker column.",
            )
        )  # fmt: skip
    few = {name: n for name, n in named.items() if n < FEW_SPEAKER_CLIPS}
    if len(named) > 1 and few:
        listed = ", ".join(f"{name} ({n})" for name, n in list(few.items())[:5])
        found.append(
            Code.SPEAKERS_UNEVEN.finding(
                "", f"{len(few)} speakers have fewer than {FEW_SPEAKER_CLIPS} clips: {listed}.",
                "Record more of them, or leave them out; check the spelling of the names.",
            )
        )  # fmt: skip
    return found
