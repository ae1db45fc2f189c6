"""CUDA C to machine code and onto the GPU with what torch brings along: no compiler, no toolkit, no header.

NVRTC needs no GPU to compile. torch's own `_compile_kernel` wants CUDA_HOME, which a pod does not have.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


class KernelError(Exception):
    """NVRTC or the driver refused, in its own words."""


@dataclass(frozen=True)
class Kernel:
    """A function on one GPU."""

    function: Any

    def launch(
        self, *arguments: Tensor | int, blocks: int, threads: int, shared_bytes: int = 0
    ) -> None:
        """Queue it on the current stream, where a CUDA graph that is being captured takes it in too.

        Integers are C's `int`. Tensors have to be contiguous and stay alive as long as the stream needs them: torch
        does not give their memory to another stream before. Raises KernelError.
        """
        from cuda.bindings import driver

        values = tuple(each.data_ptr() if isinstance(each, Tensor) else each for each in arguments)
        types = tuple(
            ctypes.c_void_p if isinstance(each, Tensor) else ctypes.c_int for each in arguments
        )
        stream = torch.cuda.current_stream().cuda_stream
        _checked(
            driver.cuLaunchKernel(
                *(self.function, blocks, 1, 1, threads, 1, 1),
                *(shared_bytes, stream, (values, types), 0),
            )
        )


def load(source: str, name: str, device: torch.device) -> Kernel:
    """Compile for this GPU, where a first tensor of torch's is already. Raises KernelError, ImportError."""
    from cuda.bindings import driver

    major, minor = torch.cuda.get_device_capability(device)
    code = compiled(source, 10 * major + minor)
    (module,) = _checked(driver.cuModuleLoadData(code))
    (function,) = _checked(driver.cuModuleGetFunction(module, name.encode()))
    return Kernel(function)


def compiled(source: str, capability: int) -> bytes:
    """Machine code for a compute capability such as 89; for one newer than this NVRTC, code that the driver finishes.

    Raises KernelError with the compiler's log, ImportError where the libraries are missing.
    """
    from cuda.bindings import nvrtc

    (known,) = _checked(nvrtc.nvrtcGetSupportedArchs())
    older = [each for each in known if each <= capability]
    if not older:
        raise KernelError(f"NVRTC does not support compute capabilities as old as {capability}.")
    is_known = capability in known
    target = f"sm_{capability}" if is_known else f"compute_{max(older)}"
    (program,) = _checked(nvrtc.nvrtcCreateProgram(source.encode(), b"kernel.cu", 0, [], []))
    try:
        options = [f"--gpu-architecture={target}".encode()]
        result = nvrtc.nvrtcCompileProgram(program, len(options), options)
        if result[0].value:
            raise KernelError(_log(program))
        get_size, get = (
            (nvrtc.nvrtcGetCUBINSize, nvrtc.nvrtcGetCUBIN)
            if is_known
            else (nvrtc.nvrtcGetPTXSize, nvrtc.nvrtcGetPTX)
        )
        (size,) = _checked(get_size(program))
        code = bytes(size)  # these bindings write into bytes
        _checked(get(program, code))
        return code
    finally:
        nvrtc.nvrtcDestroyProgram(program)


def _log(program: Any) -> str:
    from cuda.bindings import nvrtc

    (size,) = _checked(nvrtc.nvrtcGetProgramLogSize(program))
    log = bytes(size)
    _checked(nvrtc.nvrtcGetProgramLog(program, log))
    return log.decode(errors="replace").strip("\0 \n")


def _checked(answer: tuple[Any, ...]) -> tuple[Any, ...]:
    """What a call of these bindings gave, without the result that comes first in each. Raises KernelError."""
    result, *rest = answer
    if result.value:
        raise KernelError(f"{type(result).__name__} {result.name}")
    return tuple(rest)
