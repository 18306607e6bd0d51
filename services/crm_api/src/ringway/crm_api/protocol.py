"""HTTP/1.1 as uvicorn reads it, and its refusals as all others are told."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from ringway.crm_api.errors import BadRequest, problem

_DETAIL = (
    "Nobody can read this as HTTP: a line of it is broken, or its address is 64 KiB or longer."
)


class Protocol(HttpToolsProtocol):
    """What no application is asked about, an address of 64 KiB or a broken header, is a problem."""

    def send_400_response(self, msg: str) -> None:
        """Refuse what the connection brought, and close it: where the next begins nobody knows."""
        refusal = problem("", BadRequest("request_unreadable", _DETAIL))
        headers = [
            *self.server_state.default_headers,
            *refusal.raw_headers,
            (b"connection", b"close"),
        ]
        lines = b"".join(b"%b: %b\r\n" % each for each in headers)
        self.transport.write(b"%b%b\r\n%b" % (STATUS_LINE[400], lines, bytes(refusal.body)))
        self.transport.close()
