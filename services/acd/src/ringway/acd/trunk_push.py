"""Making the PJSIP objects of one Asterisk node those of a trunk.

Asterisk lets go of a deleted object a moment after its answer, by the object's name: what is made
anew under the name before that is let go of instead. An endpoint's end can be waited for
(``delete_endpoint``), and so can that of a registration the carrier has answered. Of any other
nothing tells, so a registration that does not stand is put again now and then (TrunkWatch): that
begins one that was let go of, and leaves one that runs as it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from ringway.acd.core.trunk import KINDS, Trunk, must_be_made_anew, objects
from ringway.runtime.ari import AriError, AriNode, AriNotFound

CLASS = "res_pjsip"
_GOODBYE_S = 1.0  # for the last REGISTER to a carrier, with its password
_GOODBYE_LIMIT_S = 4.0  # for a carrier that does not answer it; SIP repeats it after 0.5, 1.5, 3.5
_LET_GO_LIMIT_S = 1.0
_LOOK_S = 0.05


async def push(node: AriNode, trunk: Trunk, left: set[str]) -> None:
    """Make a node's objects those of the trunk, and nothing else.

    Args:
        left: Gathers the channels of an endpoint that is taken away or made anew. They go on, and
            Asterisk counts them for no endpoint any more.

    Raises:
        AriError: Asterisk refuses an object.
        AriDown: The node does not answer.
    """
    name, wanted = trunk.endpoint, objects(trunk)
    stale = {kind for kind in KINDS if kind not in wanted}
    is_right = False
    old_client = ""
    for kind in KINDS:
        try:
            there = await node.get_dynamic(CLASS, kind, name)
        except AriNotFound:
            stale.discard(kind)
            continue
        if kind == "registration":
            old_client = there.get("client_uri", "")
        if kind in wanted:
            if must_be_made_anew(kind, there, wanted[kind]):
                stale.add(kind)
            elif kind == "endpoint":
                is_right = await _is_listed(node, name)
                if not is_right:
                    stale.add(kind)
    if "auth" in stale and old_client:
        stale.add("registration")  # or it would wait for its next turn with the old password
    for kind in reversed(KINDS):
        if kind not in stale:
            continue
        if kind == "registration":
            new_client = wanted.get(kind, {}).get("client_uri", "")
            await _end_registration(node, name, old_client, new_client, "auth" in stale)
        elif kind == "endpoint":
            left |= await node.delete_endpoint(name)
        else:
            await node.delete_dynamic(CLASS, kind, name)
    for kind, fields in wanted.items():
        if kind != "endpoint" or not is_right:
            await node.put_dynamic(CLASS, kind, name, fields)


async def take_off(node: AriNode, name: str) -> None:
    """Take all objects of a trunk off a node."""
    for kind in reversed(KINDS):
        if kind == "endpoint":
            await node.delete_endpoint(name)
        else:
            await node.delete_dynamic(CLASS, kind, name)


async def _is_listed(node: AriNode, name: str) -> bool:
    try:
        await node.endpoint("PJSIP", name)
    except AriNotFound:
        return False
    return True


async def _end_registration(
    node: AriNode, name: str, old_client: str, new_client: str, loses_password: bool
) -> None:
    """Delete a registration, and wait for its end where what follows would disturb it.

    Args:
        old_client: Its ``client_uri``.
        new_client: That of the next one, if there is one. When it is the same, the carrier's
            answer to the goodbye is told as the state of the next one, if that stands by then.
        loses_password: Whether its password goes; the carrier may challenge the goodbye.
    """
    told = (await _told(node)).get(old_client)
    if not await node.delete_dynamic(CLASS, "registration", name):
        return
    if told and old_client == new_client:
        with suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE_LIMIT_S):
                # It leaves the page in a moment, and the answer to the goodbye brings it back.
                while (await _told(node)).get(old_client, True):  # noqa: ASYNC110 - bounded
                    await asyncio.sleep(_LOOK_S)
        return
    if told is not None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LET_GO_LIMIT_S):
                while (await _told(node)).get(old_client) == told:  # noqa: ASYNC110 - bounded
                    await asyncio.sleep(_LOOK_S)
    if loses_password:
        await asyncio.sleep(_GOODBYE_S)  # nothing tells when it is over


async def _told(node: AriNode) -> Mapping[str, bool]:
    """Return what the node tells of registrations; nothing when it has no page of metrics."""
    try:
        return await node.registrations()
    except AriError:
        return {}
