"""A stand-in for registries of images: names, platforms and sizes without a layer. For the demo and the tests alone.

`RegistryEmulator` serves it on a loopback port; `RegistryApp` is the same in-process.
"""

from launcher.emulator.registry.app import RegistryApp
from launcher.emulator.registry.contents import FAULTS, KnownImage, RegistryContents
from launcher.emulator.registry.server import RegistryEmulator

__all__ = ["FAULTS", "KnownImage", "RegistryApp", "RegistryContents", "RegistryEmulator"]
