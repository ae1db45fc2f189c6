"""A folder of a person's own where a repo would be: asked by the same functions, with the same errors."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pod_image.contract.results_address import folder_in
from pod_image.folder_store.folder import CARD, OwnFolder
from pod_image.folder_store.plain import PlainFolder
from pod_image.folder_store.port import Folder, ReadableFolder
from pod_image.folder_store.trouble import FolderFault, FolderTrouble
from pod_image.hub.refusals import (
    CalledOff,
    Damaged,
    HubError,
    HubRejected,
    HubUnavailable,
    NoRight,
    NotInRepo,
    Overtaken,
    RepoMissing,
)

OpenFolder = Callable[[str], Folder]
"""The folder of an address."""
OpenDataset = Callable[[str], ReadableFolder]
_ERRORS: Mapping[FolderFault, type[HubError]] = {
    FolderFault.NO_FOLDER: RepoMissing,
    FolderFault.NOT_IN_IT: NotInRepo,
    FolderFault.OVERTAKEN: Overtaken,
    FolderFault.NOT_TO_BE_WRITTEN: NoRight,
    FolderFault.REFUSED: HubRejected,
    FolderFault.DAMAGED: Damaged,
    FolderFault.UNUSABLE: HubUnavailable,
}
_HINTS: Mapping[FolderFault, str] = {
    FolderFault.NO_FOLDER: "Check the path of the folder.",
    FolderFault.NOT_IN_IT: "Check the version and the path.",
    FolderFault.DAMAGED: "Copy what you need out of it, and give the results another folder.",
    FolderFault.UNUSABLE: "Make room on that disk, and check that it is connected.",
}
_TRIES_FOR_A_CARD = 5


def own_folder(address: str) -> Folder:
    """One on this very machine. Raises NoRight for one of another machine."""
    found = folder_in(address)
    assert found is not None  # whoever opens one has looked
    if found.host:
        raise NoRight(f"{address} is on another machine.", hint="Ask for it on that machine.")
    return OwnFolder(Path(found.path))


def own_dataset(address: str) -> ReadableFolder:
    """A folder of this very machine that a person filled; for a run on its machine every folder is one."""
    found = folder_in(address)
    assert found is not None  # whoever opens one has looked
    return PlainFolder(Path(found.path))


@contextmanager
def as_of_the_hub() -> Iterator[None]:
    """What a folder refuses, as those who ask take it."""
    try:
        yield
    except FolderTrouble as exc:
        hint = exc.hint or _HINTS.get(exc.fault, "")
        raise _ERRORS[exc.fault](exc.message, hint=hint) from exc


def put_in_folder(
    folder: Folder,
    files: Mapping[str, Path | bytes],
    message: str,
    deletes: Collection[str],
    parent: str,
    card: Callable[[str | None], str] | None,
    called_off: Callable[[], bool],
) -> str:
    """The commit that has these files. The card is made from what stands there, again where somebody was quicker."""
    for _ in range(_TRIES_FOR_A_CARD):
        head = folder.commit()
        more: dict[str, Path | bytes] = {}
        if card is not None:
            there = folder.read_card()
            text = card(there.decode("utf-8", "replace") if there is not None else None)
            more[CARD] = text.encode()
        if called_off():
            raise CalledOff("The delivery was cancelled.")
        follows = parent or (head if card is not None else "")
        try:
            return folder.put({**files, **more}, message, deletes=deletes, parent=follows)
        except FolderTrouble as exc:
            if exc.fault is not FolderFault.OVERTAKEN or parent:
                raise
    raise HubUnavailable("Others kept writing to the folder.")
