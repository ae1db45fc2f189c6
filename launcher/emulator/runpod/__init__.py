"""A stand-in for RunPod's API v2, held to its published description. For `launcher demo` and the tests alone."""

from launcher.emulator.runpod.clock import Clock, ManualClock, SystemClock
from launcher.emulator.runpod.conditions import RequestRecord, Timing
from launcher.emulator.runpod.emulator import RunPodEmulator
from launcher.emulator.runpod.extras import EXTRAS
from launcher.emulator.runpod.faults import FAULTS
from launcher.emulator.runpod.processes import ProcessRunner
from launcher.emulator.runpod.runner import (
    CannotStart,
    Container,
    ContainerSpec,
    ExecOutcome,
    PodRunner,
    ScriptedContainer,
    ScriptedRunner,
)
from launcher.emulator.runpod.server import Gateway
from launcher.emulator.runpod.world import RunPodWorld

__all__ = [
    "EXTRAS",
    "FAULTS",
    "CannotStart",
    "Clock",
    "Container",
    "ContainerSpec",
    "ExecOutcome",
    "Gateway",
    "ManualClock",
    "PodRunner",
    "ProcessRunner",
    "RequestRecord",
    "RunPodEmulator",
    "RunPodWorld",
    "ScriptedContainer",
    "ScriptedRunner",
    "SystemClock",
    "Timing",
]
