"""A results folder on a machine that ssh reaches: asked there, by the same code that keeps one here."""

from __future__ import annotations

import asyncio
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from launcher.errors import LauncherError
from launcher.providers.own_machine import Machine
from launcher.providers.own_machine_answers import Answers
from launcher.providers.ssh.client import SshMachine
from pod_image.folder_store.contents import FileSums, files_in
from pod_image.folder_store.trouble import FolderFault, FolderTrouble

PIECE_BYTES = 4 << 20
_PATIENCE_SECONDS = 300.0


class SshFolder:
    """See `pod_image.folder_store.port.Folder`. Blocking: each call is one connection, from a thread of its own."""

    def __init__(
        self,
        host: str,
        path: str,
        machine: Callable[[str], Machine] = SshMachine,
        *,
        is_dataset: bool = False,
    ) -> None:
        """`is_dataset`: a folder that a person filled."""
        self._host, self._path, self._machine = host, path, machine
        self._kind = "dataset" if is_dataset else "results"

    def is_there(self) -> bool:
        return bool(self._ask("is_there"))

    def too_wide(self) -> str:
        return str(self._ask("too_wide"))

    def may_be_written(self) -> bool:
        return bool(self._ask("may_be_written"))

    def has_others(self) -> bool:
        return bool(self._ask("has_others"))

    def ensure(self) -> bool:
        return bool(self._ask("ensure"))

    def commit(self, revision: str = "") -> str:
        return str(self._ask("commit", revision=revision))

    def tags(self) -> dict[str, str]:
        return {str(name): str(commit) for name, commit in dict(self._ask("tags")).items()}

    def tag(self, commit: str, name: str) -> None:
        self._ask("tag", commit=commit, name=name)

    def files(self, revision: str = "", under: str = "") -> dict[str, FileSums]:
        return files_in(self._ask("files", revision=revision, under=under))

    def proven(self, commit: str, paths: Collection[str]) -> dict[str, FileSums]:
        return files_in(self._ask("proven", commit=commit, paths=list(paths)))

    def read(self, revision: str, path: str, start: int, length: int) -> bytes:
        content = bytearray()
        while (left := length - len(content)) > 0:
            many, at = min(left, PIECE_BYTES), start + len(content)
            piece = b64decode(
                self._ask("read", revision=revision, file=path, start=at, length=many)
            )
            content += piece
            if len(piece) < many:
                break
        return bytes(content)

    def read_card(self) -> bytes | None:
        found = self._ask("read_card")
        return None if found is None else b64decode(found)

    def put(
        self,
        files: Mapping[str, Path | bytes],
        message: str,
        *,
        deletes: Collection[str] = (),
        parent: str = "",
    ) -> str:
        sent, small = {}, {}
        for path, content in files.items():
            if isinstance(content, bytes) and len(content) <= PIECE_BYTES:
                small[path] = b64encode(content).decode()
            else:
                sent[path] = self._send(content)
        asked = {"sent": sent, "small": small, "deletes": list(deletes), "parent": parent}
        return str(self._ask("put", message=message, **asked))

    def _send(self, content: Path | bytes) -> str:
        """In pieces; the name by which it is put."""
        name, at = secrets.token_hex(8), 0
        while True:
            piece = _piece(content, at)
            if at and not piece:
                return name
            self._ask("send", sent=name, piece=b64encode(piece).decode())
            at += len(piece)
            if not piece:
                return name

    def _ask(self, call: str, **asked: Any) -> Any:
        document = {"path": self._path, "kind": self._kind, "call": call, **asked}
        machine = self._machine(self._host)
        try:
            answer = asyncio.run(machine.ask("folder", document, _PATIENCE_SECONDS))
            told = Answers(self._host).done(answer)
        except LauncherError as exc:
            raise FolderTrouble(FolderFault.UNUSABLE, str(exc.message), str(exc.hint)) from exc
        trouble = told.get("trouble")
        if isinstance(trouble, dict):
            fault = FolderFault(str(trouble.get("fault")))
            message = f"{self._host}: {trouble.get('message', '')}"
            raise FolderTrouble(fault, message, str(trouble.get("hint", "")))
        return told.get("answer")


def _piece(content: Path | bytes, at: int) -> bytes:
    if isinstance(content, bytes):
        return content[at : at + PIECE_BYTES]
    with content.open("rb") as stream:
        stream.seek(at)
        return stream.read(PIECE_BYTES)
