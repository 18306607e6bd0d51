"""Which files orders take, told by how they begin and not only by what they are said to be."""

from __future__ import annotations

_OFFICE = "application/vnd.openxmlformats-officedocument."
# What a file of a type begins with; nothing: text without control characters.
_BEGINNINGS: dict[str, tuple[bytes, ...]] = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
    "application/pdf": (b"%PDF-",),
    "application/zip": (b"PK\x03\x04",),
    f"{_OFFICE}wordprocessingml.document": (b"PK\x03\x04",),
    f"{_OFFICE}spreadsheetml.sheet": (b"PK\x03\x04",),
    f"{_OFFICE}presentationml.presentation": (b"PK\x03\x04",),
    "audio/mpeg": (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2"),
    "audio/wav": (b"RIFF",),
    "audio/x-wav": (b"RIFF",),
    "text/plain": (),
    "text/csv": (),
}
TYPES = frozenset(_BEGINNINGS)


def looks_like(content_type: str, content: bytes) -> bool:
    """Return whether a file is kept, and begins as its type says."""
    beginnings = _BEGINNINGS.get(content_type)
    if beginnings is None:
        return False
    if beginnings:
        return content.startswith(beginnings)
    return b"\x00" not in content
