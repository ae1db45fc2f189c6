"""A place that does not answer while a run there is followed: it is said once, and once more when it answers again."""

from __future__ import annotations

from datetime import datetime, timedelta

from launcher.services.common.observations import PlaceAnswers, PlaceSilent, PodSeen, Tick

SILENT_AFTER = timedelta(seconds=60)
"""A look that fails now and then is no news."""


class Silence:
    """Of the place of one run, by the looks at its pod."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._since: datetime | None = None
        self._is_told = False

    def after(self, tick: Tick) -> PlaceSilent | PlaceAnswers | None:
        """What this look makes known of the place, if that is news."""
        if not tick.is_fresh:
            return None
        if not tick.trouble:
            was_told, self._since, self._is_told = self._is_told, None, False
            return PlaceAnswers(self._place) if was_told else None
        self._since = self._since or tick.at
        if self._is_told or tick.at - self._since < SILENT_AFTER:
            return None
        self._is_told = True
        return PlaceSilent(self._place, self._since, tick.trouble)


class SilentPlaces:
    """Of runs that are followed side by side: what one of them says of a place, no other says again."""

    def __init__(self) -> None:
        self._silent: set[str] = set()

    def news(self, place: str, seen: object) -> str:
        """What is to be said of the place after this observation of a run there; mostly nothing."""
        if isinstance(seen, PlaceSilent) and place not in self._silent:
            self._silent.add(place)
            return silence_text(seen)
        if isinstance(seen, PlaceAnswers | PodSeen) and place in self._silent:
            self._silent.discard(place)
            return silence_text(PlaceAnswers(place))
        return ""


def silence_text(seen: PlaceSilent | PlaceAnswers) -> str:
    """As a sentence; times are in this computer's time zone."""
    if isinstance(seen, PlaceAnswers):
        return f"{seen.place} answers again."
    return (
        f"{seen.place} has not answered since {seen.since.astimezone():%H:%M}. Its runs continue under their own caps; "
        "it is asked again."
    )
