"""What must hold of shares, whatever campaigns and agents do."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringway.dialer.core.sharing import Shared, Sharing, Standing

pytestmark = pytest.mark.property

CAMPAIGNS = ("a", "b", "c")

standings = st.builds(
    Standing,
    campaign_id=st.just(""),
    priority=st.sampled_from([1, 5, 5, 10]),
    can_dial=st.booleans(),
    needed=st.integers(0, 3),
    room=st.integers(0, 4) | st.just(100),
)
moments = st.tuples(
    st.tuples(standings, standings, standings),
    st.dictionaries(
        st.sampled_from([f"x{n}" for n in range(8)]),
        st.tuples(st.booleans(), st.frozensets(st.sampled_from(CAMPAIGNS), min_size=1)),
    ),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(moments, min_size=1, max_size=4))
def test_shares_are_just_at_every_moment(history: list) -> None:  # type: ignore[type-arg]
    sharing = Sharing()
    before: dict[str, str] = {}
    for kinds, people in history:
        by_id = {
            c: Standing(c, k.priority, k.can_dial, k.needed, k.room)
            for c, k in zip(CAMPAIGNS, kinds, strict=True)
        }
        agents = [Shared(name, ready, serves) for name, (ready, serves) in people.items()]
        shares = dict(sharing.divide(list(by_id.values()), agents))
        of = {a.agent_id: a for a in agents}
        ready = Counter(c for a, c in shares.items() if of[a].is_ready)
        assert set(shares) <= set(of)
        for agent in agents:
            mine = shares.get(agent.agent_id)
            assert mine is None or mine in agent.campaign_ids
            can = [
                by_id[c]
                for c in agent.campaign_ids
                if by_id[c].can_dial and (not agent.is_ready or ready[c] < by_id[c].room)
            ]
            # Work-conserving, and by priority unless a call under way keeps him.
            assert can == [] or mine is not None
            is_kept = agent.is_ready and mine == before.get(agent.agent_id)
            if mine is not None and not (is_kept and by_id[mine].needed):
                assert by_id[mine].can_dial
                assert by_id[mine].priority >= max((c.priority for c in can), default=0)
        for campaign_id, standing in by_id.items():
            held = sum(
                before.get(a.agent_id) == campaign_id and campaign_id in a.campaign_ids
                for a in agents
                if a.is_ready
            )
            assert ready[campaign_id] >= min(held, standing.needed)
            assert ready[campaign_id] <= max(standing.room, standing.needed)
        before = shares
