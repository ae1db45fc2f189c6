"""The two stand-ins that `launcher demo` runs against: a cloud and a Hub on loopback, with a demo dataset.

The only module of the command line that imports `launcher.emulator`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from launcher.errors import InvalidRequest, NotConfigured
from launcher.stores.secrets import KeyName
from pod_image.hub import Hub, Repo, publish

if TYPE_CHECKING:
    from launcher.emulator.hub import HubEmulator
    from launcher.emulator.runpod import PodRunner, RunPodEmulator

DATASET_REPO = "demo/clips"
RESULTS_REPO = "demo/voice"
_CLIPS = Path(__file__).parents[1] / "emulator" / "clips"
_NEEDED = ("starlette", "uvicorn", "psutil")


@dataclass(frozen=True)
class DemoCloud:
    """Both stand-ins, up. `env` is what a client needs to use them like the real thing."""

    dataset_repo: str
    results_repo: str
    runpod: RunPodEmulator = field(repr=False)
    hub: HubEmulator = field(repr=False)

    @property
    def env(self) -> dict[str, str]:
        return {
            "RUNPOD_API_BASE_URL": self.runpod.url,
            "RUNPOD_API_KEY": self.runpod.api_key,
            "HF_ENDPOINT": self.hub.url,
            KeyName.HF_DATASET.variable: self.hub.tokens["read"],
            KeyName.HF_UPLOAD.variable: self.hub.tokens["write"],
        }

    @property
    def provider_calls(self) -> int:
        """Requests to the cloud, from this machine and from pods."""
        return len(self.runpod.requests)


@contextmanager
def demo_cloud(
    root: Path, faults: Mapping[str, object] | None = None, runner: PodRunner | None = None
) -> Iterator[DemoCloud]:
    """Start both stand-ins below `root`, push the demo clips, and close everything when the block ends.

    Pods are real child processes, unless `runner` has another way; none is left afterwards. Raises
    NotConfigured when the extra is missing.
    """
    check_extra(_NEEDED)
    from launcher.emulator.hub import HubEmulator
    from launcher.emulator.runpod import RunPodEmulator

    with ExitStack() as stack:
        hub = stack.enter_context(HubEmulator(root / "hub"))
        runpod = stack.enter_context(RunPodEmulator(root / "pods", runner))
        cloud = DemoCloud(DATASET_REPO, RESULTS_REPO, runpod, hub)
        _push_clips(cloud)
        for name in faults or ():
            _switch_on(cloud, name)
        yield cloud


def fault_list() -> dict[str, str]:
    """Every misfortune that can be switched on, with one sentence each."""
    check_extra(_NEEDED)
    from launcher.emulator.hub import NAMED_FAULTS
    from launcher.emulator.runpod import FAULTS

    of_hub = {f"hub-{name}": fault.sentence for name, fault in NAMED_FAULTS.items()}
    return {**FAULTS, **of_hub}


def check_fault(name: str) -> None:
    """Raises InvalidRequest for a name that is no fault."""
    if name not in fault_list():
        raise InvalidRequest(
            f"There is no fault {name!r}.", hint="`launcher demo --fault list` names them."
        )


def check_extra(modules: tuple[str, ...], extra: str = "demo") -> None:
    """Raises NotConfigured with the install command when a library of the extra is not there."""
    from importlib.util import find_spec

    absent = [name for name in modules if find_spec(name) is None]
    if absent:
        raise NotConfigured(
            f"This needs the extra {extra}: {', '.join(absent)} cannot be imported.",
            hint=f"pip install 'pod-launcher[{extra}]'",
        )


def _switch_on(cloud: DemoCloud, name: str) -> None:
    check_fault(name)
    if name.startswith("hub-"):
        cloud.hub.faults.switch_on(name.removeprefix("hub-"))
    else:
        cloud.runpod.world.faults.switch_on_for_demo(name)


def _push_clips(cloud: DemoCloud) -> None:
    """The packaged clips as a private dataset repo, through huggingface_hub, unless they are there."""
    hub = Hub(SecretStr(cloud.hub.tokens["write"]), endpoint=cloud.hub.url)
    repo = Repo(cloud.dataset_repo, "dataset")
    hub.ask(
        f"creating {repo}",
        lambda api: api.create_repo(repo.id, repo_type=repo.kind, private=True, exist_ok=True),
    )
    files: dict[str, Path | bytes] = {
        path.relative_to(_CLIPS).as_posix(): path
        for path in sorted(_CLIPS.rglob("*"))
        if path.is_file() and path.suffix in (".flac", ".csv", ".md")
    }
    publish(hub, repo, files, "Twelve demo clips with transcripts")


def free_of_proxies(environment: dict[str, str] | os._Environ[str] = os.environ) -> None:
    """Loopback is not reached through a proxy."""
    known = environment.get("NO_PROXY", "")
    if "127.0.0.1" not in known:
        environment["NO_PROXY"] = ",".join(filter(None, [known, "127.0.0.1", "localhost"]))
