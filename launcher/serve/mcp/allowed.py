"""What of this computer agents may name: as for every client of a server, said in their words."""

from __future__ import annotations

from dataclasses import dataclass

from launcher.serve.allowed import Allowed


@dataclass(frozen=True)
class AllowedToAgents(Allowed):
    """See `Allowed`: folders and secrets that the person allowed where the server was started."""

    @property
    def _which(self) -> str:
        where = ", ".join(map(str, self.folders)) or "none"
        return (
            f"Give its full path. Allowed folders: {where}. The person allows one by starting this server with "
            "--allow-folder."
        )
