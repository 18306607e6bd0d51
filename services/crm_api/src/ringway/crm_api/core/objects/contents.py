"""What a file is, by what is in it; names and what a browser says count for nothing."""

from __future__ import annotations

MAX_FILE_BYTES = 5_000_000

_BEGINS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
)
_RIFF = {b"WAVE": "audio/wav", b"WEBP": "image/webp"}
_OFFICE = (
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
)
KNOWN = "PNG, JPEG, GIF, WebP, PDF, WAV, MP3, Ogg, DOCX, XLSX, PPTX or plain UTF-8 text"


def content_type(content: bytes) -> str | None:
    """Return the media type of a file; None: it is none of :data:`KNOWN`.

    Text that a browser could take for a page (HTML, SVG, XML) is none.
    """
    for begin, kind in _BEGINS:
        if content.startswith(begin):
            return kind
    if content[:4] == b"RIFF":
        return _RIFF.get(content[8:12])
    if content[:4] == b"PK\x03\x04":
        if b"[Content_Types].xml" not in content or b"vbaProject.bin" in content:
            return None
        return next((kind for mark, kind in _OFFICE if mark in content), None)
    return "text/plain" if _is_text(content) else None


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    has_controls = any(ch < " " and ch not in "\t\n\r" for ch in text)
    return not has_controls and not text.lstrip().startswith("<")
