"""A registrar may be given by name, as in a cluster."""

from __future__ import annotations

import pytest

from ringway.trainer.endpoint import address_of, resolved

pytestmark = pytest.mark.integration


async def test_a_registrar_may_be_given_by_name_or_by_address() -> None:
    assert await resolved(address_of("localhost:17005")) == ("127.0.0.1", 17005)
    assert await resolved(address_of("127.0.0.1")) == ("127.0.0.1", 5060)


async def test_an_unknown_name_is_said_so() -> None:
    with pytest.raises(OSError, match=r"."):
        await resolved(address_of("nobody.invalid:5060"))
