"""A base voice or a checkpoint of somebody else's, read apart: `python -m` of this file is the process that does it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pod_image.foreign.apart import Bounds, Found, ReadingEnded, Refused, ask, serve
from pod_image.foreign.frames import KINDS, Answer, Array
from pod_image.recipes.piper.recipe_error import RecipeError

if TYPE_CHECKING:
    from torch import Tensor

    from pod_image.recipes.piper.checkpoint import Checkpoint

MODULE = "pod_image.recipes.piper.foreign_voice"
_PLAIN_PARAMETERS = 500
"""More names than any trainer has parameters."""


def read_foreign(path: Path) -> Checkpoint:
    """The weights of a `.ckpt`, `.pt` or `.onnx` that somebody else made, and what it says of them.

    Nothing of the file is loaded in this process: another one, which can write nothing, hands over plain numbers.
    Progress, optimisers and random states stay behind. Raises RecipeError.
    """
    return begin_reading(path)()


def begin_reading(path: Path) -> Callable[[], Checkpoint]:
    """Begin what `read_foreign` does, without loading torch here; the answer waits for it, and raises what that raises.

    The other process loads the same libraries as this one is about to: both at a time saves the seconds of one.
    """
    thread = ThreadPoolExecutor(1, thread_name_prefix="base")
    answer = thread.submit(_answer, path)
    thread.shutdown(wait=False)
    return lambda: _checkpoint(answer.result())


def _answer(path: Path) -> Answer:
    files = [path]
    if path.suffix == ".onnx":
        files.append(path.with_name(f"{path.name}.json"))
    try:
        size_bytes = path.stat().st_size
    except OSError:
        raise RecipeError(
            f"There is no checkpoint {path}.", hint="Check the name of the base checkpoint."
        ) from None
    try:
        return ask(MODULE, files, Bounds.for_file(size_bytes))
    except ReadingEnded as exc:
        raise RecipeError(
            f"{path.name} cannot be read as a checkpoint: {exc}.",
            hint="Download it from the voice's own repository, and compare the size.",
        ) from exc


def _checkpoint(answer: Answer) -> Checkpoint:
    from pod_image.recipes.piper.checkpoint import Checkpoint

    said = answer.said
    if "fault" in said:
        raise RecipeError(str(said["fault"]), hint=str(said.get("hint", "")))
    return Checkpoint(
        {array.name: _tensor(array, content) for array, content in answer.arrays},
        _mapping(said.get("hyper_parameters")),
        epoch=_count(said.get("epoch")),
        global_step=_count(said.get("global_step")),
        optimiser_states=[],
        own={},
        lacks=tuple(str(word) for word in said.get("lacks") or ()),
    )


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(value: Any) -> int:
    return value if type(value) is int and 0 <= value < 1 << 62 else 0


def _tensor(array: Array, content: bytearray) -> Tensor:
    import torch

    kind: torch.dtype = getattr(torch, array.kind)
    return torch.frombuffer(content, dtype=kind).reshape(array.shape)


def _load_libraries() -> None:
    import pod_image.recipes.piper.checkpoint
    import pod_image.recipes.piper.onnx_voice  # noqa: F401


def _read(files: list[Path], words: dict[str, str]) -> Found:
    from pod_image.recipes.piper.checkpoint import read_checkpoint
    from pod_image.recipes.piper.onnx_voice import read_onnx_voice

    path = files[0]
    try:
        checkpoint = (read_onnx_voice if path.suffix == ".onnx" else read_checkpoint)(path)
        state = _dense(path, checkpoint.state)
    except RecipeError as exc:
        raise Refused(exc.message, hint=exc.hint) from exc
    said = {
        "hyper_parameters": _plain(checkpoint.hyper_parameters),
        "epoch": checkpoint.epoch,
        "global_step": checkpoint.global_step,
        "lacks": list(checkpoint.lacks),
    }
    arrays = [
        Array(n, str(t.dtype).removeprefix("torch."), tuple(t.shape)) for n, t in state.items()
    ]
    return Found(said, arrays, _contents(state))


def _dense(path: Path, state: Any) -> dict[str, Tensor]:
    """Its tensors, if each is plain numbers that the file really holds: a shape alone may claim any size."""
    import torch

    taken = 0  # twice the file at most: half precision is widened
    for name, tensor in state.items():
        kind = str(tensor.dtype).removeprefix("torch.")
        is_plain = tensor.layout is torch.strided and tensor.device.type == "cpu" and kind in KINDS
        if not is_plain or tensor.is_nested or tensor.numel() == 0:
            raise _no_numbers(path, name)
        size_bytes = tensor.numel() * tensor.element_size()
        taken += size_bytes
        if size_bytes > tensor.untyped_storage().nbytes() or taken > 2 * path.stat().st_size:
            raise _no_numbers(path, name)
    return dict(state)


def _no_numbers(path: Path, name: str) -> RecipeError:
    return RecipeError(
        f"{path.name} is refused: its tensor {name[:100]!r} does not consist of numbers in the file.",
        hint="Take the checkpoint from the voice's own repository.",
    )


def _contents(state: dict[str, Tensor]) -> Iterator[Any]:
    import torch

    for tensor in state.values():
        yield tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy().data


def _plain(parameters: Any) -> dict[str, Any]:
    """Those that are numbers, words or lists of such; nothing else has a meaning here."""
    found = {}
    for name, value in list(parameters.items())[:_PLAIN_PARAMETERS]:
        if isinstance(name, str) and _is_plain(value):
            found[name[:200]] = list(value) if isinstance(value, tuple) else value
    return found


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return len(value) < 1_000 and all(_is_word(each) for each in value)
    return _is_word(value)


def _is_word(value: Any) -> bool:
    if isinstance(value, float):
        return value == value and abs(value) != float("inf")
    if isinstance(value, str):
        return len(value) <= 4_000
    return value is None or isinstance(value, bool) or (type(value) is int and abs(value) < 1 << 62)


if __name__ == "__main__":
    serve(_load_libraries, _read)
