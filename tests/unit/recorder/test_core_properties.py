from __future__ import annotations

import io
import struct
import wave
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.recorder.core.naming import agent_folder, file_name
from ringway.recorder.core.ranges import Part, Unsatisfiable, Whole, choose
from ringway.recorder.core.token import bearer, is_valid, media_token
from ringway.recorder.core.wav import UnreadableWav, interleave, locate, stereo_header

pytestmark = pytest.mark.property

samples = st.lists(st.integers(-32768, 32767), max_size=50).map(
    lambda values: np.array(values, dtype="<i2").tobytes()
)


@given(left=samples, right=samples)
def test_both_sides_come_back_from_the_joined_file(left: bytes, right: bytes) -> None:
    frames = max(len(left), len(right)) // 2
    joined = interleave(left, right)
    with wave.open(io.BytesIO(stereo_header(frames) + joined), "rb") as file:
        assert file.getnframes() == frames
    sides = np.frombuffer(joined, "<i2").reshape(-1, 2)
    for side, data in enumerate((left, right)):
        assert sides[: len(data) // 2, side].tobytes() == data
        assert not sides[len(data) // 2 :, side].any()


@given(data=st.binary(max_size=200))
def test_any_bytes_are_located_or_refused(data: bytes) -> None:
    try:
        found = locate(data, len(data))
    except UnreadableWav:
        return
    assert 0 <= found.offset <= len(data)
    assert found.offset + 2 * found.samples <= len(data)


@given(data=st.binary(max_size=60), declared=st.integers(0, 0xFFFFFFFF))
def test_no_declared_size_reaches_beyond_the_file(data: bytes, declared: int) -> None:
    header = bytearray(stereo_header(0))
    struct.pack_into("<HIIHH", header, 22, 1, 8000, 16000, 2, 16)
    struct.pack_into("<I", header, 40, declared)
    found = locate(bytes(header) + data, len(header) + len(data))
    assert found.samples <= len(data) // 2


@given(first=st.integers(0, 300), last=st.integers(0, 300) | st.none(), size=st.integers(0, 200))
def test_a_range_lies_inside_the_file_and_starts_where_asked(
    first: int, last: int | None, size: int
) -> None:
    answer = choose(f"bytes={first}-{'' if last is None else last}", size)
    match answer:
        case Part(start, end):
            assert start == first
            assert start <= end < size
            assert last is None or end <= last
        case Unsatisfiable():
            assert first >= size
        case Whole():
            assert last is not None
            assert last < first


@given(tail=st.integers(0, 300), size=st.integers(0, 200))
def test_a_suffix_range_is_the_end_of_the_file(tail: int, size: int) -> None:
    answer = choose(f"bytes=-{tail}", size)
    if isinstance(answer, Part):
        assert answer.last == size - 1
        assert answer.length == min(tail, size)
    else:
        assert isinstance(answer, Unsatisfiable)
        assert tail == 0 or size == 0


@given(header=st.text(max_size=40), size=st.integers(0, 100))
def test_any_range_header_has_an_answer(header: str, size: int) -> None:
    answer = choose(header, size)
    if isinstance(answer, Part):
        assert 0 <= answer.first <= answer.last < size


@given(number=st.text(max_size=60), count=st.integers(1, 10**9))
def test_no_agent_number_leaves_its_folder(number: str, count: int) -> None:
    tenant = uuid4()
    name = file_name(tenant, agent_folder(number), count)
    parts = name.split("/")
    assert len(parts) == 3
    assert parts[0] == str(tenant)
    assert parts[1] not in ("", ".", "..")
    assert "\x00" not in name


@given(
    tenant=st.uuids().map(str),
    recording=st.uuids().map(str),
    other=st.uuids().map(str),
    expires_s=st.integers(0, 10**11),
    now_s=st.floats(0, 1e11),
)
def test_a_token_opens_its_recording_until_it_expires(
    tenant: str, recording: str, other: str, expires_s: int, now_s: float
) -> None:
    token = media_token(b"secret", tenant, recording, expires_s)
    assert is_valid(token, b"secret", tenant, recording, now_s) == (now_s < expires_s)
    assert not is_valid(token, b"other secret", tenant, recording, 0.0)
    if other != recording:
        assert not is_valid(token, b"secret", tenant, other, 0.0)
        assert not is_valid(token, b"secret", other, recording, 0.0)


@given(text=st.text(max_size=80))
def test_no_other_text_is_a_token(text: str) -> None:
    assert not is_valid(text, b"secret", "t", "r", 0.0)
    assert not is_valid(bearer(text), b"secret", "t", "r", 0.0)
