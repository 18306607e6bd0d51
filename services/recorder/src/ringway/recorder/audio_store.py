"""Where finished recordings are kept: the port, and a folder behind it.

Another kind of storage, such as an S3 bucket, implements the same methods.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

_log = logging.getLogger("ringway.recorder")

_READ_BYTES = 262_144
_SCRATCH = ".work"


class NameTaken(Exception):
    """A file of this name with other content is in the store. It is never overwritten."""


class AudioGone(Exception):
    """The store has no file of this name although the index says so."""


class AudioStore(Protocol):
    """A durable place for files. Names are relative, with ``/`` between their parts."""

    @property
    def scratch(self) -> Path:
        """A local directory for files that are being made."""

    async def put(self, source: Path, name: str) -> None:
        """Move a finished local file into the store; it is durable when this returns.

        Putting the same content under the same name again changes nothing.

        Raises:
            NameTaken: ``name`` holds something else.
            OSError: The store cannot take it now, for instance because it is full.
        """

    async def size(self, name: str) -> int:
        """Return the size of a stored file in bytes.

        Raises:
            AudioGone: It is not there.
        """

    def read(self, name: str, first: int, length: int) -> AsyncIterator[bytes]:
        """Yield ``length`` bytes of a stored file from offset ``first``.

        Raises:
            AudioGone: It is not there, or it is shorter.
        """

    async def remove(self, name: str) -> None:
        """Remove a file; one that is not there is fine.

        Raises:
            OSError: It could not be removed.
        """

    async def remove_folder(self, name: str) -> int:
        """Remove everything below ``name``, and return how many files that were; 0: nothing was.

        Raises:
            OSError: Some could not be removed; a repeat goes on.
        """


class FolderStore:
    """Recordings in a folder of a local or mounted file system."""

    def __init__(self, root: Path, *, owner: str) -> None:
        """Use ``root``; ``owner`` tells the scratch files of this process from others'."""
        self._root = root.absolute()
        self._scratch = self._root / _SCRATCH / owner

    @property
    def scratch(self) -> Path:
        """A directory on the same file system, so that a finished file is renamed into place."""
        return self._scratch

    async def open(self) -> None:
        """Make the folders and remove what an earlier process of this owner left unfinished.

        Raises:
            OSError: The folder cannot be made or written.
        """
        await asyncio.to_thread(self._open)

    async def put(self, source: Path, name: str) -> None:
        """Rename ``source`` to its place; see :class:`AudioStore`."""
        await asyncio.to_thread(self._put, source, self._path(name))

    async def size(self, name: str) -> int:
        """See :class:`AudioStore`."""
        try:
            return (await asyncio.to_thread(self._path(name).stat)).st_size
        except FileNotFoundError as error:
            raise AudioGone(name) from error

    async def read(self, name: str, first: int, length: int) -> AsyncIterator[bytes]:
        """See :class:`AudioStore`."""
        try:
            file = await asyncio.to_thread(self._path(name).open, "rb")
        except FileNotFoundError as error:
            raise AudioGone(name) from error
        try:
            await asyncio.to_thread(file.seek, first)
            while length:
                data = await asyncio.to_thread(file.read, min(length, _READ_BYTES))
                if not data:
                    raise AudioGone(f"{name} ends early")
                length -= len(data)
                yield data
        finally:
            file.close()

    async def remove(self, name: str) -> None:
        """See :class:`AudioStore`."""
        await asyncio.to_thread(self._remove, self._path(name))

    async def remove_folder(self, name: str) -> int:
        """See :class:`AudioStore`."""
        return await asyncio.to_thread(self._remove_folder, self._path(name))

    def _remove(self, file: Path) -> None:
        try:
            file.unlink()
        except FileNotFoundError:
            return
        _sync_folder(file.parent)

    def _remove_folder(self, folder: Path) -> int:
        if folder == self._root or folder.is_relative_to(self._root / _SCRATCH):
            raise ValueError("not a folder of recordings")
        if not folder.is_dir():
            return 0
        files = sum(1 for each in folder.rglob("*") if each.is_file())
        shutil.rmtree(folder)
        _sync_folder(folder.parent)
        return files

    def _path(self, name: str) -> Path:
        path = (self._root / name).absolute()
        if ".." in path.parts or not path.is_relative_to(self._root) or "\x00" in name:
            raise ValueError(f"not a name inside the store: {name!r}")
        return path

    def _open(self) -> None:
        self._scratch.mkdir(parents=True, exist_ok=True, mode=0o750)
        for left_over in self._scratch.iterdir():
            left_over.unlink()

    def _put(self, source: Path, target: Path) -> None:
        self._make_folder(target.parent)
        if target.exists():
            if _digest(target) != _digest(source):
                raise NameTaken(target.relative_to(self._root).as_posix())
            source.unlink()
            return
        with source.open("rb") as file:
            os.fsync(file.fileno())
        source.replace(target)
        _sync_folder(target.parent)

    def _make_folder(self, folder: Path) -> None:
        """Make a folder and its parents below the root, durably."""
        if folder.is_dir():
            return
        self._make_folder(folder.parent)
        folder.mkdir(exist_ok=True, mode=0o750)
        _sync_folder(folder.parent)


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _sync_folder(folder: Path) -> None:
    """Make a change of names in ``folder`` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
