"""The proof of delivery: what was promised against what the Hub lists at a commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pod_image.hub.in_folder import as_of_the_hub
from pod_image.hub.repos import Checksums, RemoteFile, Repo, file_in_folder, look_at
from pod_image.hub.session import Hub


@dataclass(frozen=True)
class Difference:
    """One promised file that is not there as promised, and a sentence that says how."""

    path: str
    sentence: str


def verify(
    hub: Hub, repo: Repo, commit: str, expected: Mapping[str, Checksums]
) -> list[Difference]:
    """Compare size and checksum of every promised file with the listing, or in a folder with the file itself, which is
    read again from there. Empty: all delivered.

    Raises HubError when the Hub cannot be asked, which proves nothing either way.
    """
    if repo.is_folder:
        there = _read_again(hub, repo, commit, expected)
    else:
        there = look_at(hub, repo, commit, expected)
    kind = "folder" if repo.is_folder else "repo"
    found = []
    for path, promised in expected.items():
        listed = there.get(path)
        if listed is None:
            found.append(Difference(path, f"{path} is not in the {kind} at {commit[:7]}"))
        elif listed.size_bytes != promised.size_bytes:
            sizes = f"{listed.size_bytes} bytes there, {promised.size_bytes} promised"
            found.append(Difference(path, f"{path} has another size: {sizes}"))
        elif not listed.matches(promised):
            found.append(Difference(path, f"{path} has another checksum than promised"))
    return found


def _read_again(
    hub: Hub, repo: Repo, commit: str, expected: Mapping[str, Checksums]
) -> dict[str, RemoteFile]:
    with as_of_the_hub():
        found = hub.open_folder(repo.id).proven(commit, [*expected])
    return {path: file_in_folder(path, sums) for path, sums in found.items()}
