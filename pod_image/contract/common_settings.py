"""The settings that every run has, whatever recipe runs: what it is called, where it runs, when it ends."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self, cast

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pod_image.contract.knobs import Knob, Picks, Scope, When
from pod_image.contract.places import Provider

DEFAULT_IMAGE = "ghcr.io/pod-launcher/pod-image:0.1.0"
"""The one place that names the image a pod runs when nothing else is asked for."""
UNSIZED_BOOT_MINUTES = 20.0
"""The boot budget where nobody set one and the size of the image is not known."""

RepoId = Annotated[
    str, StringConstraints(pattern=r"^$|^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*$", max_length=96)
]
DatasetId = Annotated[
    str,
    StringConstraints(
        pattern=r"^$|^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*$|^/[^\x00-\x1f]*[^/\x00-\x1f]$",
        max_length=500,
    ),
]
"""A repo, or a folder of the machine that the run goes to."""
RepoAtRevision = Annotated[
    str,
    StringConstraints(
        pattern=r"^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(/[^/\\.@,][^/\\@,]*)*(@[\w./-]+)?$",
        max_length=600,
    ),
]
"""A repo, with a folder of it behind, and a branch, tag or commit: owner/name/folder@revision.

Only its length is limited: a limited repeat of every script's letters takes pydantic 60 ms to compile, at each start.
"""
A_REPO = "A repo is written owner/name, such as me/my-clips."
Word = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class Switch(StrEnum):
    ON = "on"
    OFF = "off"


class Cloud(StrEnum):
    """RunPod's two tiers; `any` takes both, and secure first at the same price."""

    SECURE = "secure"
    COMMUNITY = "community"
    ANY = "any"


_ON_RUNPOD = (When("provider", (Provider.RUNPOD,)),)
_ON_OWN_MACHINE = (When("provider", (Provider.LOCAL, Provider.SSH)),)
_RENTED = (When("provider", (Provider.RUNPOD, Provider.HF_JOBS)),)
"""A machine of one's own has the disk that it has, runs what is on it, and costs nothing."""


class CommonSettings(BaseModel):
    """Strict for people: unknown names are refused."""

    # Built when it is first used: this class hardly ever is, and RunSettings, which has it all again, by few commands.
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, defer_build=True)

    # What
    dataset_repo: Annotated[
        DatasetId,
        Field(
            description=(
                "Hugging Face dataset repo to train on, such as me/my-clips; for a voice, clips and "
                "transcripts. On a machine of your own, a folder on it works too: /home/me/clips."
            )
        ),
        Knob(
            "Dataset repo",
            group="What",
            scope=Scope.RUN,
            empty_means="none",
            written=A_REPO,
            further="more_datasets",
            is_own_folder=True,
            picks=Picks.DATASET,
        ),
    ] = ""
    dataset_revision: Annotated[
        str,
        Field(
            description=(
                "Branch, tag or commit of the dataset. The exact commit is fixed before the run starts."
            ),
            min_length=1,
            max_length=200,
        ),
        Knob(
            "Dataset revision",
            group="What",
            level="advanced",
            scope=Scope.RUN,
            belongs_to="dataset_repo",
        ),
    ] = "main"
    dataset_folder: Annotated[
        str,
        Field(
            description=(
                "Folder of the repo that holds the dataset, such as clips/anna; empty uses the whole repo."
            ),
            pattern=r"^$|^[^/\\.][^/\\]*(/[^/\\.][^/\\]*)*$",
            max_length=300,
        ),
        Knob(
            "Dataset folder",
            group="What",
            level="advanced",
            scope=Scope.RUN,
            belongs_to="dataset_repo",
            empty_means="the whole repo",
            written="A folder is written without a slash at its ends, such as clips/anna.",
        ),
    ] = ""
    more_datasets: Annotated[
        tuple[RepoAtRevision, ...],
        Field(
            description=(
                "More dataset repos to train on as well, such as me/more-clips. Add @v2 for a branch, tag or "
                "commit, /anna for a folder. The exact commit of each is fixed before the run starts."
            ),
            max_length=15,
        ),
        Knob(
            "More datasets",
            group="What",
            level="advanced",
            scope=Scope.RUN,
            belongs_to="dataset_repo",
            separator=",",
            empty_means="none",
            written=A_REPO,
            picks=Picks.DATASET,
        ),
    ] = ()
    table: Annotated[
        tuple[Word, ...],
        Field(
            description=(
                "Transcript table to use, such as metadata_train.csv, when the dataset has several that "
                "contradict each other. If you name several, all of them are read."
            ),
            max_length=16,
        ),
        Knob(
            "Transcript table",
            group="What",
            level="advanced",
            scope=Scope.RUN,
            separator=",",
            empty_means="all that agree",
            belongs_to="dataset_repo",
        ),
    ] = ()
    results_repo: Annotated[
        RepoId,
        Field(
            description=(
                "Hugging Face model repo for the results. A private one is created if it does not exist."
            )
        ),
        Knob(
            "Results repo",
            group="What",
            when=(When("results_folder", ("",)),),
            required=True,
            scope=Scope.RUN,
            written=A_REPO,
            picks=Picks.RESULTS,
            picks_by=("dataset_repo",),
        ),
    ] = ""
    results_folder: Annotated[
        str,
        Field(
            description=(
                "Folder for the results instead of a repo, on this computer or on the machine that ssh reaches. "
                "No account and no token is needed then."
            ),
            pattern=r"^$|^/[^\x00-\x1f]*[^/\x00-\x1f]$",
            max_length=500,
        ),
        Knob(
            "Results folder",
            group="What",
            level="advanced",
            when=_ON_OWN_MACHINE,
            scope=Scope.RUN,
            is_own_folder=True,
            empty_means="the results repo",
            written="Give a folder by its full path, such as /home/me/voices.",
        ),
    ] = ""
    run_id: Annotated[
        str,
        Field(
            description=(
                "Name of this run and of its folder in the results repo; empty uses the next free one (run-01, "
                "run-02)."
            ),
            pattern=r"^$|^[a-z0-9][a-z0-9-]{0,39}$",
        ),
        Knob(
            "Run ID",
            group="What",
            level="advanced",
            scope=Scope.RUN,
            empty_means="next free one",
            picks=Picks.RUN,
            picks_by=("results_repo",),
        ),
    ] = ""

    # Where
    provider: Annotated[
        Provider,
        Field(
            description=(
                "Where the run goes. runpod: a rented pod. hf-jobs: a job of Hugging Face, which the Hub ends after "
                "the time cap. local: this computer, free of charge. ssh: another machine of yours, free of charge."
            )
        ),
        Knob("Provider", group="Where"),
    ] = Provider.RUNPOD
    host: Annotated[
        str,
        Field(
            description=(
                "The machine that the run goes to, as you name it for ssh: gpubox or me@192.168.1.20. ssh has to get "
                "there without a password."
            ),
            max_length=200,
            pattern=r"^$|^[A-Za-z0-9_][\w.@-]*$",
        ),
        Knob(
            "Machine",
            group="Where",
            required=True,
            when=(When("provider", (Provider.SSH,)),),
            written="A machine is written as for ssh, such as gpubox or me@192.168.1.20.",
        ),
    ] = ""
    container: Annotated[
        Switch,
        Field(
            description=(
                "Run in a container on a machine of your own: with Podman, or with Docker if there is no "
                "Podman. The run then "
                "sees none of your files except its own folders. off: a process of yours in a folder."
            )
        ),
        Knob("Container", group="Where", when=_ON_OWN_MACHINE),
    ] = Switch.OFF
    container_image: Annotated[
        str,
        Field(
            description=(
                "Image of that container. Any image with Python 3.11 or newer works; what the run needs and "
                "the image lacks is installed in the container first."
            ),
            min_length=1,
            max_length=300,
            pattern=r"^[A-Za-z0-9]\S*$",
        ),
        Knob(
            "Image of the container",
            group="Where",
            level="advanced",
            when=(*_ON_OWN_MACHINE, When("container", (Switch.ON,))),
            written="An image is written as for podman run, such as docker.io/library/python:3.12.",
        ),
    ] = DEFAULT_IMAGE
    gpu_types: Annotated[
        tuple[Word, ...],
        Field(
            description=(
                "GPU types to use, in order of preference; empty uses the cheapest that fits."
            ),
            max_length=32,
        ),
        Knob("GPU types", group="Where", separator=",", empty_means="the cheapest that fits"),
    ] = ()
    gpu_count: Annotated[
        int,
        Field(description="Number of GPUs in the pod.", ge=1, le=8),
        Knob("GPUs", group="Where", level="advanced"),
    ] = 1
    nodes: Annotated[
        int,
        Field(
            description=(
                "Number of pods that train together, as a RunPod cluster, each with that number of GPUs. More than one "
                "run only while the program that started them watches."
            ),
            ge=1,
            le=8,
        ),
        Knob("Nodes", group="Where", level="advanced", when=_ON_RUNPOD),
    ] = 1
    cloud: Annotated[
        Cloud,
        Field(
            description=(
                "secure: data centres. community: private hosts, cheaper but less reliable. any: both."
            )
        ),
        Knob("Cloud tier", group="Where", when=_ON_RUNPOD),
    ] = Cloud.SECURE
    data_centers: Annotated[
        tuple[Word, ...],
        Field(
            description="Data centres to use, such as EU-RO-1; empty allows any.",
            max_length=64,
        ),
        Knob(
            "Data centres",
            group="Where",
            level="advanced",
            separator=",",
            empty_means="any",
            when=_ON_RUNPOD,
        ),
    ] = ()
    disk_gb: Annotated[
        int,
        Field(
            description=(
                "Disk space of the container, shared by dataset, checkpoints and image. RunPod's minimum is 20 GB."
            ),
            ge=5,
            le=2000,
        ),
        Knob("Container disk", group="Where", unit="GB", level="advanced", when=_RENTED),
    ] = 40
    image: Annotated[
        str,
        Field(
            description=(
                "Container image. 'bootstrap' uses RunPod's PyTorch image and installs our agent when the pod "
                "starts; 'bootstrap:IMAGE' does so in any image with Python 3.11 or newer, and changes nothing "
                "else in it."
            ),
            min_length=1,
            max_length=300,
            pattern=r"^\S+$",
        ),
        Knob("Image", group="Where", level="advanced", when=_RENTED),
    ] = DEFAULT_IMAGE
    registry: Annotated[
        str,
        Field(
            description="ID of the RunPod registry credential for a private image.", max_length=200
        ),
        Knob(
            "Registry credential",
            group="Where",
            level="advanced",
            empty_means="none: a public image",
            when=_ON_RUNPOD,
        ),
    ] = ""
    min_cuda_version: Annotated[
        str,
        Field(
            description=(
                "Lowest CUDA version that the host's driver must support; empty allows any host. PyTorch in "
                "our image is built for 13.0."
            ),
            pattern=r"^$|^\d{1,2}\.\d{1,2}$",
        ),
        Knob(
            "Lowest CUDA version",
            group="Where",
            level="advanced",
            empty_means="any",
            when=_ON_RUNPOD,
        ),
    ] = "13.0"

    # Limits
    max_hours: Annotated[
        float,
        Field(
            description="Longest time the pod may live. Then it ends itself.",
            ge=0.02,
            le=240,
        ),
        Knob("Time cap", group="Limits", unit="hours"),
    ] = 6.0
    max_cost_usd: Annotated[
        float,
        Field(
            description=("The most the pod may cost. It ends itself before it costs more."),
            ge=0.01,
            le=10_000,
        ),
        Knob("Cost cap", group="Limits", unit="USD", when=_RENTED),
    ] = 10.0
    boot_minutes: Annotated[
        float,
        Field(
            description=(
                "Longest time until the pod must report that it is ready; after that it is released. 0 depends "
                "on the size of the image."
            ),
            ge=0,
            le=120,
        ),
        Knob("Boot budget", group="Limits", unit="minutes", level="advanced"),
    ] = 0.0
    gpu_idle_minutes: Annotated[
        float,
        Field(
            description="End the run if the GPU is idle for this long during training.",
            ge=1,
            le=240,
        ),
        Knob("GPU idle limit", group="Limits", unit="minutes", level="advanced"),
    ] = 15.0
    stall_minutes: Annotated[
        float,
        Field(description="End the run if training makes no progress for this long.", ge=1, le=240),
        Knob("No-progress limit", group="Limits", unit="minutes", level="advanced"),
    ] = 30.0

    @classmethod
    def of(cls, settings: CommonSettings) -> Self:
        """The settings of a run as a recipe's own, for the type checker: at run time one class has them all."""
        return cast("Self", settings)
