"""What becomes of all that somebody leaves: nothing is lost, given twice, or given back to him."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.crm_api.core.customers.assignment import Target
from ringway.crm_api.core.customers.gifts import Gift, Left, share_out

pytestmark = pytest.mark.property

_LEAVER, *_PEOPLE = [UUID(int=n) for n in range(1, 7)]
_TEAMS = [UUID(int=100 + n) for n in range(3)]
_HEIRS = st.lists(st.sampled_from([_LEAVER, *_PEOPLE]), unique=True, max_size=5)


@st.composite
def _things(draw: st.DrawFn) -> list[Left]:
    owners = st.one_of(st.none(), st.sampled_from(_PEOPLE))
    teams = st.one_of(st.none(), st.sampled_from(_TEAMS))
    return [
        Left(UUID(int=1_000 + n), draw(owners), draw(teams))
        for n in range(draw(st.integers(0, 60)))
    ]


@given(_things(), _HEIRS, st.booleans())
def test_everything_is_somebodys_or_waits(
    left: list[Left], heirs: list[UUID], may_wait: bool
) -> None:
    gifts = share_out(left, [Target(each) for each in heirs], leaver=_LEAVER, may_wait=may_wait)
    by_id = {each.id: each for each in gifts}
    assert [each.id for each in gifts] == [each.id for each in left if each.id in by_id]
    in_turn = [each for each in left if each.first is None]
    for each in left:
        gift = by_id.get(each.id)
        if each.first is not None:
            assert gift == Gift(each.id, each.first, each.team_id)
        elif not heirs:
            assert gift == (Gift(each.id, None, each.team_id) if may_wait else None)
        else:
            assert gift is None or gift.user_id in heirs
    assert all(each.user_id != _LEAVER for each in gifts)
    # What he would get in turn himself stays his: the others get no more for that.
    got = Counter(by_id[each.id].user_id for each in in_turn if each.id in by_id)
    if heirs:
        got[_LEAVER] = len(in_turn) - got.total()
        counts = [got[each] for each in heirs]
        assert max(counts) - min(counts) <= 1
        assert sum(counts) == len(in_turn)
