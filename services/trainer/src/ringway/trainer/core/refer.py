"""Transfers by REFER (RFC 3515) and Replaces (RFC 3891): what is asked for and what is told."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import quote

from ringway.trainer.core.call import Call
from ringway.trainer.core.message import Request

_STATUS = re.compile(rb"SIP/2\.0 ([1-6]\d\d)(?: |\r|\n|$)")


def headers(call: Call, target: str, replaced: Call | None) -> tuple[tuple[str, str], ...]:
    """The headers of a REFER inside ``call``.

    Args:
        target: A ``sip:`` URI, or a number at the other side of ``call``; empty: the other side
            of ``replaced``.
        replaced: Our other call, whose place the transferred party takes.
    """
    if ":" in target:
        uri = target
    elif target or replaced is None:
        uri = str(replace(call.target, user=target, params=()))
    else:
        uri = str(replaced.target)
    if replaced is not None:
        # The tags as the other side of the replaced call sees them: "to" is its own.
        value = f"{replaced.call_id};to-tag={replaced.theirs.tag};from-tag={replaced.ours.tag}"
        uri = f"{uri}?Replaces={quote(value, safe='')}"
    return (("Refer-To", f"<{uri}>"), ("Referred-By", f"<{call.ours.uri}>"))


def news_of(request: Request) -> tuple[int, bool] | None:
    """Status, and whether it is the last word, of a NOTIFY about a transfer; else ``None``."""
    event = request.headers.get("Event").partition(";")[0].strip().lower()
    match = _STATUS.match(request.body.lstrip())
    if event != "refer" or match is None:
        return None
    state = request.headers.get("Subscription-State").partition(";")[0].strip().lower()
    return int(match[1]), state == "terminated" or int(match[1]) >= 200
