"""A results folder of this machine, asked from another one: each call of `pod_image.folder_store` as a document."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pod_image.contract.own_machine import Kind
from pod_image.folder_store.contents import rows_of
from pod_image.folder_store.folder import OwnFolder, Sent
from pod_image.folder_store.plain import PlainFolder
from pod_image.folder_store.port import ReadableFolder
from pod_image.folder_store.trouble import FolderTrouble
from pod_image.own_machine.refused import Refused


def ask_folder(asked: Mapping[str, Any]) -> dict[str, Any]:
    """`asked`: the path, the call and what it takes. A refusal of the folder is an answer too. Raises Refused."""
    is_dataset = asked.get("kind") == "dataset"
    calls = _READING if is_dataset else _CALLS
    call = calls.get(str(asked.get("call")))
    path = Path(str(asked.get("path")))
    if call is None or not path.is_absolute():
        raise Refused(
            Kind.INVALID, "This release of the launcher's program does not know this task."
        )
    try:
        found = PlainFolder(path) if is_dataset else OwnFolder(path)
        return {"answer": call(found, asked)}
    except FolderTrouble as exc:
        return {
            "trouble": {
                "fault": exc.fault.value,
                "message": str(exc.message),
                "hint": str(exc.hint),
            }
        }


def _tag(folder: OwnFolder, asked: Mapping[str, Any]) -> None:
    folder.tag(str(asked["commit"]), str(asked["name"]))


def _files(folder: ReadableFolder, asked: Mapping[str, Any]) -> list[list[Any]]:
    return rows_of(folder.files(str(asked["revision"]), str(asked["under"])))


def _proven(folder: OwnFolder, asked: Mapping[str, Any]) -> list[list[Any]]:
    return rows_of(folder.proven(str(asked["commit"]), list(asked["paths"])))


def _read(folder: ReadableFolder, asked: Mapping[str, Any]) -> str:
    where = str(asked["revision"]), str(asked["file"]), int(asked["start"]), int(asked["length"])
    return b64encode(folder.read(*where)).decode()


def _read_card(folder: OwnFolder, asked: Mapping[str, Any]) -> str | None:
    found = folder.read_card()
    return None if found is None else b64encode(found).decode()


def _send(folder: OwnFolder, asked: Mapping[str, Any]) -> None:
    """A piece of a file that is put later."""
    folder.receive(Sent(str(asked["sent"])), b64decode(asked["piece"]))


def _put(folder: OwnFolder, asked: Mapping[str, Any]) -> str:
    sent = {str(path): Sent(str(name)) for path, name in asked["sent"].items()}
    small = {str(path): b64decode(content) for path, content in asked["small"].items()}
    try:
        return folder.put(
            {**small, **sent},
            str(asked["message"]),
            deletes=list(asked["deletes"]),
            parent=str(asked["parent"]),
        )
    finally:
        for each in sent.values():
            folder.forget(each)


_READING: Mapping[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    "too_wide": lambda folder, asked: folder.too_wide(),
    "commit": lambda folder, asked: folder.commit(str(asked["revision"])),
    "files": _files,
    "read": _read,
}
_CALLS: Mapping[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    **_READING,
    "is_there": lambda folder, asked: folder.is_there(),
    "may_be_written": lambda folder, asked: folder.may_be_written(),
    "has_others": lambda folder, asked: folder.has_others(),
    "ensure": lambda folder, asked: folder.ensure(),
    "tags": lambda folder, asked: folder.tags(),
    "tag": _tag,
    "proven": _proven,
    "read_card": _read_card,
    "send": _send,
    "put": _put,
}
