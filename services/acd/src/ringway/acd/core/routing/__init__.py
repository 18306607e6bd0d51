"""The routing core: which agent gets which waiting interaction. No IO and no clock.

Seen from the agent, who becomes ready: of everything that waits in any queue and that he is fit
for now, he gets what has the greatest ``(at - since) * weight``. Seen from the interaction, which
arrives or widens: among the fit and ready agents its queue's strategy picks.
"""

from ringway.acd.core.routing.model import (
    Decision,
    Offer,
    Overflow,
    OverflowReason,
    Queue,
    QueueInUse,
    Ring,
    SkillNeed,
    Strategy,
    Waiting,
    Withdraw,
    weight,
)
from ringway.acd.core.routing.router import Router

__all__ = [
    "Decision",
    "Offer",
    "Overflow",
    "OverflowReason",
    "Queue",
    "QueueInUse",
    "Ring",
    "Router",
    "SkillNeed",
    "Strategy",
    "Waiting",
    "Withdraw",
    "weight",
]
