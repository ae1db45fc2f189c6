"""What the emulator answers beyond the published description: one list, each entry can be switched off."""

EXTRAS: dict[str, str] = {
    "exec": "POST /v2/pods/{id}/exec runs a command in the pod.",
    "secrets": "/v2/account/secrets keeps values that pods refer to as {{ RUNPOD_SECRET_name }}.",
    "graphql": "POST /graphql answers the account's balance and spend.",
    "account-figures": "/v2/account, /v2/account/limits and /v2/billing/balance tell of the account.",
    "paging": "Lists take `limit` and `cursor` and answer `pagination`.",
    "command-arrays": "Pods take and answer `cmd` and `entrypoint` beside `args`.",
    "placement-filters": "`gpu` takes `minRamPerGpu` and `minVcpuCountPerGpu`.",
    "host-figures": "A pod's `gpu` answers `vcpuCount` and `memory` of its host.",
}


class Extras:
    """Which of the extras are on; all of them at first."""

    def __init__(self) -> None:
        self._on = set(EXTRAS)

    @property
    def on(self) -> frozenset[str]:
        return frozenset(self._on)

    def switch_off(self, *names: str) -> None:
        """Answer as if these had never been added. Raises KeyError for a name not in EXTRAS."""
        self._on -= {_known(name) for name in names}

    def switch_on(self, *names: str) -> None:
        self._on |= {_known(name) for name in names}

    def __contains__(self, name: str) -> bool:
        return _known(name) in self._on


def _known(name: str) -> str:
    if name not in EXTRAS:
        raise KeyError(f"no such extra: {name}; there are {', '.join(EXTRAS)}")
    return name
