"""The stand-ins that `launcher demo` runs against: a cloud, a Hub and registries on loopback, with a demo dataset.

The only module that imports `launcher.emulator` from outside; a guard keeps it so.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import SecretStr

from launcher.config import REGISTRY_VARIABLE
from launcher.demo.base_voice import BASE_REPO, DemoBase
from launcher.demo.images import demo_images
from launcher.errors import InvalidRequest, NotConfigured
from launcher.stores.secrets import KeyName
from pod_image.contract.next_steps import NextStep, Sentence

if TYPE_CHECKING:
    from launcher.emulator.hub import HubEmulator
    from launcher.emulator.registry import RegistryEmulator
    from launcher.emulator.runpod import PodRunner, RunPodEmulator

DATASET_REPO = "demo/clips"
RESULTS_REPO = "demo/voice"
_CLIPS = Path(__file__).parent / "clips"
_HUB_FOLDERS = ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_XET_CACHE", "HF_ASSETS_CACHE")
"""Would be obeyed before HF_HOME."""


@dataclass(frozen=True)
class DemoCloud:
    """The stand-ins, up. `env` is what a client needs to use them like the real thing."""

    dataset_repo: str
    results_repo: str
    runpod: RunPodEmulator = field(repr=False)
    hub: HubEmulator = field(repr=False)
    faults: tuple[str, ...] = ()
    registry: RegistryEmulator | None = field(default=None, repr=False)
    """None where nobody stands in for registries: then none is asked."""

    @property
    def struck(self) -> dict[str, int]:
        """Each fault that was asked for, and how often it changed what a client saw."""
        of_hub = {f"hub-{name}": count for name, count in self.hub.faults.struck.items()}
        of_registries = self.registry.contents.struck if self.registry else {}
        counts = {**self.runpod.world.faults.struck, **of_hub, **of_registries}
        return {name: counts.get(name, 0) for name in self.faults}

    @property
    def env(self) -> dict[str, str]:
        return {
            "RUNPOD_API_BASE_URL": self.runpod.url,
            "RUNPOD_API_KEY": self.runpod.api_key,
            "HF_ENDPOINT": self.hub.url,
            **({REGISTRY_VARIABLE: self.registry.url} if self.registry else {}),
            KeyName.HF_DATASET.variable: self.hub.tokens["read"],
            KeyName.HF_UPLOAD.variable: self.hub.tokens["write"],
            KeyName.HF_JOBS.variable: self.hub.tokens["jobs"],
        }

    @property
    def jobs_left(self) -> int:
        """Jobs that the Hub's stand-in still bills."""
        return len(self.hub.core.jobs.live())

    @property
    def provider_calls(self) -> int:
        """Requests to the cloud, from this machine and from pods."""
        return len(self.runpod.requests)


@contextmanager
def demo_folder() -> Iterator[Path]:
    """A folder for all that a demo writes, gone when the block ends; what the Hub's library remembers is in it too.

    That library reads its places when it is imported: enter the block before.
    """
    with tempfile.TemporaryDirectory(prefix="launcher-demo-", ignore_cleanup_errors=True) as name:
        before = dict(os.environ)
        for variable in _HUB_FOLDERS:
            os.environ.pop(variable, None)
        os.environ["HF_HOME"] = str(Path(name) / "hugging-face")
        try:
            yield Path(name)
        finally:
            for variable in ("HF_HOME", *_HUB_FOLDERS):
                os.environ.pop(variable, None)
                os.environ.update({variable: before[variable]} if variable in before else {})


@contextmanager
def demo_cloud(
    root: Path,
    faults: Mapping[str, object] | None = None,
    runner: PodRunner | None = None,
    base: DemoBase | None = None,
    images: Iterable[str] = (),
) -> Iterator[DemoCloud]:
    """Start the stand-ins below `root`, push the demo clips and `base`, and close everything when the block ends.

    Pods are real child processes, unless `runner` has another way; none is left afterwards. `images`: what the registry
    has beside those of the demo.
    """
    from launcher.emulator.hub import HubEmulator
    from launcher.emulator.registry import KnownImage, RegistryContents, RegistryEmulator
    from launcher.emulator.runpod import RunPodEmulator
    from launcher.emulator.runpod.processes import ProcessRunner

    contents = RegistryContents()
    for name in images:
        contents.add(name)
    for name, image in demo_images().items():
        contents.add(
            name,
            KnownImage(
                int(image.size_gb * 1e9), python=image.python, is_readable=image.is_readable
            ),
        )
    with ExitStack() as stack:
        jobs = ProcessRunner(root / "jobs", keep_folders=False)
        hub = stack.enter_context(HubEmulator(root / "hub", job_runner=jobs))
        runpod = stack.enter_context(RunPodEmulator(root / "pods", runner))
        registry = stack.enter_context(RegistryEmulator(contents))
        runpod.world.images.registries = registry.contents
        cloud = DemoCloud(DATASET_REPO, RESULTS_REPO, runpod, hub, tuple(faults or ()), registry)
        _push_clips(cloud)
        if base is not None:
            _push_base(cloud, base)
        for name in faults or ():
            _switch_on(cloud, name)
        yield cloud


def fault_list() -> dict[str, str]:
    """Every misfortune that can be switched on, with one sentence each."""
    from launcher.emulator.hub import NAMED_FAULTS
    from launcher.emulator.registry import FAULTS as OF_REGISTRIES
    from launcher.emulator.runpod import FAULTS

    of_hub = {f"hub-{name}": fault.sentence for name, fault in NAMED_FAULTS.items()}
    return {**FAULTS, **of_hub, **OF_REGISTRIES}


def check_fault(name: str) -> None:
    """Raises InvalidRequest for a name that is no fault."""
    if name not in fault_list():
        raise InvalidRequest(
            f"There is no fault {name!r}.", hint=Sentence(NextStep.LIST_FAULTS, " names them.")
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


def registry_faults() -> frozenset[str]:
    """Those that meet the plan, before anything is rented."""
    from launcher.emulator.registry import FAULTS

    return frozenset(FAULTS)


def _switch_on(cloud: DemoCloud, name: str) -> None:
    check_fault(name)
    if cloud.registry is not None and name in registry_faults():
        cloud.registry.contents.switch_on(name)
    elif name.startswith("hub-"):
        cloud.hub.faults.switch_on(name.removeprefix("hub-"))
    else:
        cloud.runpod.world.faults.switch_on_for_demo(name)


def _push_clips(cloud: DemoCloud) -> None:
    """The packaged clips as a private dataset repo, through huggingface_hub, unless they are there."""
    files: dict[str, Path | bytes] = {
        path.relative_to(_CLIPS).as_posix(): path
        for path in sorted(_CLIPS.rglob("*"))
        if path.is_file() and path.suffix in (".flac", ".csv", ".md")
    }
    _push(cloud, cloud.dataset_repo, "dataset", files, "Twelve demo clips with transcripts")


def _push_base(cloud: DemoCloud, base: DemoBase) -> None:
    """The voice that the training starts from, as a repo of published voices has it."""
    _push(cloud, BASE_REPO, "model", base.files, "A voice to start from, with its card")


def _push(
    cloud: DemoCloud,
    repo_id: str,
    kind: Literal["dataset", "model"],
    files: Mapping[str, Path | bytes],
    message: str,
) -> None:
    from pod_image.hub import Hub, Repo, publish

    hub = Hub(SecretStr(cloud.hub.tokens["write"]), endpoint=cloud.hub.url)
    repo = Repo(repo_id, kind)
    hub.ask(
        f"creating {repo}",
        lambda api: api.create_repo(repo.id, repo_type=repo.kind, private=True, exist_ok=True),
    )
    publish(hub, repo, files, message)
