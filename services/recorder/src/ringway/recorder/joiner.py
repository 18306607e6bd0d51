"""Join two mono halves into one stereo file. Blocking: call it in a thread."""

from __future__ import annotations

import hashlib
import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ringway.recorder.core import wav

_CHUNK_SAMPLES = 65_536


@dataclass(frozen=True, slots=True)
class Joined:
    """A finished stereo file."""

    frames: int  # samples of each side
    size_bytes: int
    sha256: str  # hexadecimal, of the whole file

    @property
    def duration_s(self) -> float:
        """Length of the audio in seconds."""
        return self.frames / wav.RATE_HZ


def join(agent: Path | None, customer: Path | None, target: Path) -> Joined:
    """Write ``target``: the agent left, the customer right, safe on disk when this returns.

    A half that is ``None`` becomes silence, and so does the end of the shorter one.

    Raises:
        UnreadableWav: A half is not what Asterisk records.
        OSError: Reading or writing failed, for instance because the disk is full.
    """
    with ExitStack() as stack:
        halves = [_open(stack, path) for path in (agent, customer)]
        frames = max(samples for _, samples in halves)
        out = stack.enter_context(target.open("wb"))
        digest = hashlib.sha256()
        size_bytes = _write(out, digest, wav.stereo_header(frames))
        left = [samples for _, samples in halves]
        for _ in range(0, frames, _CHUNK_SAMPLES):
            pieces = []
            for side, (file, _samples) in enumerate(halves):
                count = min(left[side], _CHUNK_SAMPLES)
                pieces.append(file.read(count * wav.SAMPLE_BYTES) if file else b"")
                left[side] -= count
            size_bytes += _write(out, digest, wav.interleave(pieces[0], pieces[1]))
        out.flush()
        os.fsync(out.fileno())
    return Joined(frames, size_bytes, digest.hexdigest())


def _open(stack: ExitStack, path: Path | None) -> tuple[BinaryIO | None, int]:
    """Open a half at its first sample and count its samples."""
    if path is None:
        return None, 0
    file = stack.enter_context(path.open("rb"))
    found = wav.locate(file.read(wav.PREFIX_BYTES), path.stat().st_size)
    file.seek(found.offset)
    return file, found.samples


def _write(out: BinaryIO, digest: hashlib._Hash, data: bytes) -> int:
    digest.update(data)
    return out.write(data)
