"""One `async` implementation, called with `await` or without: `run.stop()` waits, `await run.stop.aio()` awaits."""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator
from types import TracebackType
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, Self, TypeVar, overload

P = ParamSpec("P")
T = TypeVar("T")
ItemT = TypeVar("ItemT", covariant=True)


class Doing(Protocol):
    """Has work done on its own loop, for whoever waits on another one or on none."""

    def wait(self, work: Coroutine[Any, Any, T]) -> T: ...

    async def hop(self, work: Coroutine[Any, Any, T]) -> T: ...


class Doer(Protocol):
    @property
    def doing(self) -> Doing: ...


OwnerT = TypeVar("OwnerT", bound=Doer)


class Both(Generic[P, T]):
    """A call that waits; `.aio` is the same to be awaited."""

    def __init__(self, work: Callable[P, Coroutine[Any, Any, T]], doing: Doing) -> None:
        self._work, self._doing = work, doing
        functools.update_wrapper(self, work)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._doing.wait(self._work(*args, **kwargs))

    async def aio(self, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._doing.hop(self._work(*args, **kwargs))


class both(Generic[OwnerT, P, T]):  # a decorator
    """Makes a method of an `async def`: `thing.method()` waits, `await thing.method.aio()` awaits."""

    def __init__(self, work: Callable[Concatenate[OwnerT, P], Coroutine[Any, Any, T]]) -> None:
        self._work = work
        self.__doc__ = work.__doc__

    @overload
    def __get__(self, instance: None, owner: type[OwnerT]) -> Self: ...

    @overload
    def __get__(self, instance: OwnerT, owner: type[OwnerT]) -> Both[P, T]: ...

    def __get__(self, instance: OwnerT | None, owner: type[OwnerT]) -> Self | Both[P, T]:
        if instance is None:
            return self
        bound: Callable[P, Coroutine[Any, Any, T]] = self._work.__get__(instance, owner)
        return Both(bound, instance.doing)


class Stream(Generic[ItemT]):
    """What comes one by one: `for each in stream`, or `async for each in stream`.

    It may be left at any time; `close()`, or the end of a `with` block, lets go of what it holds open at once.
    """

    def __init__(self, items: AsyncGenerator[ItemT, None], doing: Doing) -> None:
        self._items, self._doing = items, doing

    def __iter__(self) -> Iterator[ItemT]:
        return self

    def __next__(self) -> ItemT:
        try:
            return self._doing.wait(self._next())
        except _Over:
            raise StopIteration from None

    def __aiter__(self) -> AsyncIterator[ItemT]:
        return self

    async def __anext__(self) -> ItemT:
        try:
            return await self._doing.hop(self._next())
        except _Over:
            raise StopAsyncIteration from None

    def close(self) -> None:
        self._doing.wait(self._items.aclose())

    async def aclose(self) -> None:
        await self._doing.hop(self._items.aclose())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def _next(self) -> ItemT:
        try:
            return await anext(self._items)
        except StopAsyncIteration:
            raise _Over from None


class _Over(Exception):
    """The stream has ended. StopIteration itself may leave no coroutine."""
