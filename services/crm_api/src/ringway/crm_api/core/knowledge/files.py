"""What a file is, by its content: only kinds that no program runs by opening them are taken."""

from __future__ import annotations

import io
import zipfile

_MOST_PARTS = 5_000
_BEGINS = {
    "pdf": ((b"%PDF-",), "application/pdf"),
    "png": ((b"\x89PNG\r\n\x1a\n",), "image/png"),
    "jpg": ((b"\xff\xd8\xff",), "image/jpeg"),
    "jpeg": ((b"\xff\xd8\xff",), "image/jpeg"),
    "gif": ((b"GIF87a", b"GIF89a"), "image/gif"),
}
_OFFICE = "application/vnd.openxmlformats-officedocument"
_ZIPPED = {
    "docx": ("word/", f"{_OFFICE}.wordprocessingml.document"),
    "xlsx": ("xl/", f"{_OFFICE}.spreadsheetml.sheet"),
    "pptx": ("ppt/", f"{_OFFICE}.presentationml.presentation"),
}
_TEXTS = {"txt": "text/plain; charset=utf-8", "csv": "text/csv; charset=utf-8"}
KINDS = tuple(sorted((*_BEGINS, *_ZIPPED, *_TEXTS)))


class FileRefused(Exception):
    """The file is not of a kind that is taken; the message says why."""


def media_type_of(name: str, content: bytes) -> str:
    """Return the media type of a file whose content is what its name says.

    Raises:
        FileRefused: Its name has no ending that is taken, or its content is something else.
    """
    stem, _, ending = name.lower().rpartition(".")
    ending = ending if stem else ""
    if ending in _BEGINS:
        beginnings, media_type = _BEGINS[ending]
        if content.startswith(beginnings):
            return media_type
    elif ending in _ZIPPED:
        folder, media_type = _ZIPPED[ending]
        if _is_office(content, folder):
            return media_type
    elif ending in _TEXTS:
        if _is_text(content):
            return _TEXTS[ending]
    else:
        raise FileRefused(f"Files that end in {', '.join(KINDS)} are taken.")
    raise FileRefused(f"The content of the file is not {ending}.")


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return not any(ch < " " and ch not in "\t\n\r" for ch in text)


def _is_office(content: bytes, folder: str) -> bool:
    """Return whether it is a document without macros. Nothing is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError):
        return False
    return (
        len(names) <= _MOST_PARTS
        and "[Content_Types].xml" in names
        and any(name.startswith(folder) for name in names)
        and not any(name.lower().endswith("vbaproject.bin") for name in names)
    )
