"""An ordered set of keys that is cheap to change in the middle and can count."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=tuple[Any, ...])

_MOST = 512  # keys in one chunk before it is split; a move within it costs less than a bisect step


class SortedKeys(Generic[K]):
    """Keys in ascending order, in chunks of bounded length.

    Finding is two bisections; inserting and removing move at most one chunk, and only when a chunk
    is split or empties, the short list of chunks.

    Attributes:
        first: The smallest key; without meaning when there is none.
    """

    __slots__ = ("_chunks", "_lasts", "_length", "first")

    first: K

    def __init__(self) -> None:
        self._chunks: list[list[K]] = []
        self._lasts: list[K] = []
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[K]:
        return chain.from_iterable(self._chunks)

    def add(self, key: K) -> None:
        """Insert a key that is not there yet."""
        self._length += 1
        if not self._chunks:
            self._chunks.append([key])
            self._lasts.append(key)
            self.first = key
            return
        index = bisect_left(self._lasts, key)
        if index == len(self._chunks):
            index -= 1
            chunk = self._chunks[index]
            chunk.append(key)
            self._lasts[index] = key
        else:
            chunk = self._chunks[index]
            chunk.insert(bisect_left(chunk, key), key)
            self.first = self._chunks[0][0]
        if len(chunk) > _MOST:
            self._split(index)

    def remove(self, key: K) -> None:
        """Take out a key. Raises KeyError when it is not there."""
        index = bisect_left(self._lasts, key)
        if index == len(self._chunks):
            raise KeyError(key)
        chunk = self._chunks[index]
        place = bisect_left(chunk, key)
        if chunk[place] != key:
            raise KeyError(key)
        del chunk[place]
        self._length -= 1
        if not chunk:
            del self._chunks[index], self._lasts[index]
        else:
            self._lasts[index] = chunk[-1]
            if len(chunk) < _MOST // 8 and len(self._chunks) > 1:
                self._merge(max(index - 1, 0))
        if self._chunks:
            self.first = self._chunks[0][0]

    def count_before(self, bound: Any, order: Callable[[K], Any]) -> int:
        """Return how many keys have ``order(key) < bound``; ``order`` rises with the keys."""
        index = bisect_left(self._lasts, bound, key=order)
        before = sum(map(len, self._chunks[:index]))
        if index < len(self._chunks):
            before += bisect_left(self._chunks[index], bound, key=order)
        return before

    def _split(self, index: int) -> None:
        chunk = self._chunks[index]
        half = len(chunk) // 2
        self._chunks[index : index + 1] = [chunk[:half], chunk[half:]]
        self._lasts[index : index + 1] = [chunk[half - 1], chunk[-1]]

    def _merge(self, index: int) -> None:
        """Join two neighbours, so that many removals leave no long list of tiny chunks."""
        self._chunks[index] += self._chunks.pop(index + 1)
        del self._lasts[index]
        if len(self._chunks[index]) > _MOST:
            self._split(index)
