"""Asking a part over HTTP whether it works."""

from __future__ import annotations

import aiohttp

_LIMIT_S = 3.0


async def http_ok(url: str, *, user: str | None = None, password: str = "") -> str | None:
    """Return ``None`` when the address answers 200, otherwise what is wrong."""
    headers = {} if user is None else {"Authorization": aiohttp.encode_basic_auth(user, password)}
    limit = aiohttp.ClientTimeout(total=_LIMIT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=limit, headers=headers) as session,
            session.get(url) as answer,
        ):
            if answer.status == 200:
                return None
            return f"{answer.status}: {' '.join((await answer.text()).split())[:200]}"
    except TimeoutError:
        return f"no answer within {_LIMIT_S:.0f} s"
    except (aiohttp.ClientError, OSError) as error:
        return str(error) or type(error).__name__
