"""The HTTP of ARI commands, against a server that behaves badly on purpose."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from tests.support.waiting import eventually
from yarl import URL

from ringway.runtime.ari.wire import Wire, WireError

pytestmark = pytest.mark.integration

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKS = b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter, int], Awaitable[None]]


async def heard(reader: asyncio.StreamReader) -> bytes:
    """Read one request."""
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return head + await reader.readexactly(int(line.split(b":")[1]))
    return head


@asynccontextmanager
async def wire_to(serve: Serve, limit: int = 4) -> AsyncIterator[tuple[Wire, list[int]]]:
    """Yield a client and the numbers of the connections that the server saw."""
    seen: list[int] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = len(seen)
        seen.append(number)
        try:
            await serve(reader, writer, number)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    wire = Wire(URL(f"http://127.0.0.1:{port}"), "Basic x", limit=limit, keep_alive_s=5)
    try:
        yield wire, seen
    finally:
        wire.close()
        server.close()


def always(answer: bytes) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        while True:
            await heard(reader)
            writer.write(answer)

    return serve


async def test_one_connection_carries_many_requests() -> None:
    requests: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        while True:
            requests.append(await heard(reader))
            writer.write(OK[:20])
            await writer.drain()
            writer.write(OK[20:])

    async with wire_to(serve) as (wire, seen):
        assert (await wire.request("GET", "/a?b=%20", None)).body == b"ok"
        assert (await wire.request("POST", "/c", None)).status == 200
        await wire.request("PUT", "/d", b'{"x":1}', {"Content-Type": "application/json"})
    assert seen == [0]
    assert requests[0].startswith(b"GET /a?b=%20 HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"Authorization: Basic x\r\n" in requests[0]
    assert b"Content-Length: 0\r\n" in requests[1]
    assert requests[2].endswith(
        b'Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{"x":1}'
    )


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 200, b"ok"),
        (b"HTTP/1.1 404 Not Found\r\ncontent-length:  3\r\n\r\nwhy", 404, b"why"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS,
            200,
            b"abcde",
        ),
    ],
)
async def test_answers_come_in_several_forms(answer: bytes, status: int, body: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        while True:
            await heard(reader)
            for byte in answer:  # in the smallest pieces
                writer.write(bytes((byte,)))
                await writer.drain()

    async with wire_to(serve) as (wire, seen):
        for _ in range(2):
            assert await wire.request("GET", "/", None) == (status, body)
    assert seen == [0]


@pytest.mark.parametrize(
    "answer",
    [
        b"SIP/2.0 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"x" * 70_000,
        OK + b"and more",
    ],
)
async def test_what_is_no_answer_fails_the_request(answer: bytes) -> None:
    async with wire_to(always(answer)) as (wire, _):
        with pytest.raises(WireError):
            await asyncio.wait_for(wire.request("POST", "/", None), 10)


async def test_a_connection_that_the_server_will_close_is_not_used_again() -> None:
    answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    async with wire_to(always(answer)) as (wire, seen):
        for _ in range(3):
            await wire.request("POST", "/", None)
    assert seen == [0, 1, 2]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
async def test_only_what_may_be_repeated_is_sent_again(method: str) -> None:
    """The server closes the first connection instead of answering its second request."""

    async def serve(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> None:
        await heard(reader)
        writer.write(OK)
        await heard(reader)
        if number > 0:
            writer.write(OK)

    async with wire_to(serve) as (wire, seen):
        await wire.request("GET", "/", None)
        if method == "POST":
            with pytest.raises(WireError):
                await wire.request(method, "/", None)
        else:
            assert (await wire.request(method, "/", None)).status == 200
    assert seen == ([0] if method == "POST" else [0, 1])


async def test_a_request_that_was_given_up_takes_its_connection_with_it() -> None:
    asked = asyncio.Event()

    async def serve(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> None:
        while True:
            await heard(reader)
            asked.set()
            if number > 0:
                writer.write(OK)

    async with wire_to(serve) as (wire, seen):
        given_up = asyncio.ensure_future(wire.request("GET", "/", None))
        await asked.wait()
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        assert (await wire.request("GET", "/", None)).body == b"ok"
    assert seen == [0, 1]


async def test_no_more_connections_than_allowed() -> None:
    release = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        while True:
            await heard(reader)
            await release.wait()
            writer.write(OK)

    async with wire_to(serve, limit=2) as (wire, seen), asyncio.TaskGroup() as group:
        tasks = [group.create_task(wire.request("GET", "/", None)) for _ in range(6)]
        await eventually(lambda: len(seen) == 2, within_s=10, what="two connections")
        release.set()
        assert [(await task).status for task in tasks] == [200] * 6
        assert seen == [0, 1]


async def test_closing_fails_who_waits_and_who_comes() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        await heard(reader)
        await asyncio.sleep(30)

    async with wire_to(serve, limit=1) as (wire, seen), asyncio.TaskGroup() as group:
        tasks = [group.create_task(_fails(wire)) for _ in range(3)]
        await eventually(lambda: bool(seen), within_s=10, what="a connection")
        wire.close()
        await asyncio.gather(*tasks)
        await _fails(wire)


async def _fails(wire: Wire) -> None:
    with pytest.raises(WireError):
        await wire.request("GET", "/", None)


async def test_nothing_can_be_smuggled_into_a_request() -> None:
    async with wire_to(always(OK)) as (wire, _):
        for target in ("/a b", "/a\r\nX: y", "/ü"):
            with pytest.raises(ValueError, match="percent"):
                await wire.request("GET", target, None)
