"""Why the dialer does what it does now, for people."""

from __future__ import annotations

import math


def why(
    *,
    ready: int | None,
    wanted: int,
    lines: int,
    max_lines: int,
    trunk_failures: int,
    trunk_retry_in_s: float,
    lead_due_in_s: float | None,
    inbound_waiting: int = 0,
    by_hand: bool = False,
) -> str:
    """Return one sentence, the strongest reason first.

    Args:
        ready: Agents who are ready; None: the campaign has no agents.
        wanted: Calls the campaign would start now if it had leads.
        trunk_failures: Failures in a row while the trunk is held to be out of order, else 0.
        lead_due_in_s: Until the next lead is due; None when leads are due or it is not known.
        inbound_waiting: Callers of queues who take agents of this campaign first.
        by_hand: The agents start the calls.
    """
    if trunk_failures:
        wait_s = math.ceil(trunk_retry_in_s)
        then = f"next try in {wait_s} s." if wait_s else "trying one call."
        return f"The trunk failed {trunk_failures} calls in a row; {then}"
    if lines >= max_lines:
        return f"All {max_lines} lines are in use."
    if lead_due_in_s is not None:
        who = "Agents are ready" if wanted and ready is not None else "No lead is due"
        return f"{who}; the next lead is due in {math.ceil(lead_due_in_s)} s."
    if ready is None:
        return f"{lines} lines in use; no agents are needed."
    if by_hand:
        return f"Agents take leads themselves; {ready} agents ready, {lines} lines in use."
    if inbound_waiting and not wanted:
        return f"{inbound_waiting} callers of queues take the agents first."
    if ready == 0 and not wanted:
        return "No agent is ready."
    return f"{ready} agents ready, {lines} lines in use."
