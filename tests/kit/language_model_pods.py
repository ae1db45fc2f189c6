"""Pods that run the real trl on a tiny language model, above both emulators on loopback."""

from __future__ import annotations

import json
import os
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from huggingface_hub import HfApi

from launcher.emulator.hub import HubEmulator
from launcher.emulator.runpod import RunPodEmulator
from launcher.emulator.runpod.processes import ProcessRunner
from tests.kit.checkout import ROOT
from tests.kit.real_pods import Clouds
from tests.kit.tiny_language_model import tiny_language_model

BASE, TEXTS = "demo/tiny-base", "demo/texts"
STEPS, EVERY = 80, 10
PATIENCE_SECONDS = 600.0
"""Alone it takes some 70 seconds, of which pip takes 30."""
RATE = 0.002
INSTALLED = Path("lib") / Path(sysconfig.get_path("purelib")).relative_to(
    Path(sysconfig.get_path("purelib")).parents[2] / "lib"
)


@contextmanager
def language_model_clouds(root: Path, image: Path) -> Iterator[Clouds]:
    """`image` is where the image of the pods has packages beside ours; it need not be there."""
    ours = sysconfig.get_path("purelib")
    own = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    own["PIP_NO_COMPILE"] = "1"  # most of what is installed is never loaded
    path = (str(image / "bin"), sysconfig.get_path("scripts"), "/usr/local/bin", "/usr/bin", "/bin")
    own["PATH"] = os.pathsep.join(path)
    own["PYTHONPATH"] = os.pathsep.join(map(str, (ROOT, ours, image / INSTALLED)))
    runner = ProcessRunner(root / "pods", image_env=own)
    with (
        HubEmulator(root / "hub") as hub,
        RunPodEmulator(root / "pods", runner=runner) as cloud,
    ):
        yield Clouds(hub, cloud, root, patience_seconds=PATIENCE_SECONDS)


def put_repos(api: HfApi, folder: Path) -> str:
    """The base model, whose commit is returned; the texts; the repo for the results."""
    api.create_repo("demo/results")
    api.create_repo(BASE)
    made = api.upload_folder(repo_id=BASE, folder_path=tiny_language_model(folder))
    api.create_repo(TEXTS, repo_type="dataset")
    rows = [{"text": f"The quick brown fox number {n} jumps over the dog."} for n in range(64)]
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    api.upload_file(
        path_or_fileobj=content, path_in_repo="train.jsonl", repo_id=TEXTS, repo_type="dataset"
    )
    return made.oid


def rent(clouds: Clouds, commit: str, *, resume: bool = False) -> None:
    clouds.rent(
        recipe="llm-lora",
        base_model=f"{BASE}@{commit}",
        dataset_repo=TEXTS,
        trl_words=["--use_cpu", "true", "--logging_steps", "1"],
        max_steps=STEPS,
        checkpoint_steps=EVERY,
        gradient_accumulation=1,
        lora_learning_rate=RATE,
        lora_rank=4,
        sequence_length=64,
        resume=resume,
    )
