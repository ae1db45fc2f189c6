"""What of a run reached the results repo, in words: counted by the pod, never taken for granted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pod_image.contract.results_address import results_kind

_NAMED = 3


@dataclass(frozen=True)
class Delivery:
    """`present` files were compared with the repo's own listing; `missing` ones should be there and are not.

    `present` is None where only the count of the missing is left.
    """

    present: int | None
    missing: int
    missing_names: tuple[str, ...] = ()
    where: str = "results repo"

    @classmethod
    def of(cls, ended: Mapping[str, Any], where: str = where) -> Delivery:
        """From the pod's last event. An older image sends lists alone, and a list may have lost its tail."""
        names = tuple(str(name) for name in ended.get("not_delivered") or ())
        return cls(
            present=max(ended.get("delivered_count") or 0, len(ended.get("delivered") or ())),
            missing=max(ended.get("not_delivered_count") or 0, len(names)),
            missing_names=names,
            where=where,
        )

    @property
    def is_nothing(self) -> bool:
        """There was nothing to deliver, by the pod's last word."""
        return self.present == 0 and not self.missing

    @property
    def sentence(self) -> str:
        if self.missing:
            return f"{self._counted} did not reach the {self.where}{self._names}."
        if self.present is None:
            return f"All of its files are in the {self.where}."
        if self.present == 1:
            return f"Its one file is in the {self.where} and was checked there."
        if self.present:
            return f"All {self.present:,} files are in the {self.where} and were checked there."
        return "It left no files to deliver."

    @property
    def _counted(self) -> str:
        if self.present is None:
            return f"{self.missing:,} {'file' if self.missing == 1 else 'files'}"
        whole = self.present + self.missing
        return f"{self.missing:,} of {whole:,} {'file' if whole == 1 else 'files'}"

    @property
    def _names(self) -> str:
        if not self.missing_names:
            return ""
        shown = ", ".join(self.missing_names[:_NAMED])
        more = self.missing - len(self.missing_names[:_NAMED])
        return f": {shown}" + (f" and {more:,} more" if more > 0 else "")


def known_delivery(
    missing: int | None, ended: Mapping[str, Any] | None, results: str
) -> Delivery | None:
    """By the pod's last event, else by the count that the history has; None where nobody has said. `results`: where
    they go."""
    where = results_kind(results)
    if ended:
        return Delivery.of(ended, where)
    return None if missing is None else Delivery(None, missing, where=where)


def missing_text(missing: int | None) -> str:
    """For a list of runs, such as "2 not delivered"; empty when nothing is missing, or nobody has said."""
    return f"{missing:,} not delivered" if missing else ""
