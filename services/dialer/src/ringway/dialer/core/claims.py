"""When to ask for leads, and when there are none left."""

from __future__ import annotations

from dataclasses import dataclass

AGAIN_S = 0.5  # after a claim that failed, or a lead that was given back
POLL_S = 5.0  # leads may be added at any time
GATHER_S = 0.1  # between claims where no agent waits: one for many leads costs as much as for one


@dataclass(slots=True)
class Claims:
    """The rhythm of claiming. Times are seconds on the event loop's clock.

    Attributes:
        open_for: How many leads the open claim asked for; 0: only whether there are any.
        ask_at: No claim before this.
        began_at: When leads were last asked for.
        end_at: No look for the campaign's end before this.
        due_at: When the next lead is due; None: not known, or none ever will be.
        is_finishing: The end was found and is being written down.
    """

    open_for: int | None = None
    ask_at: float = 0.0
    began_at: float = float("-inf")
    end_at: float = 0.0
    due_at: float | None = None
    is_finishing: bool = False

    def begin(self, at: float) -> None:
        """The campaign was started."""
        self.ask_at, self.end_at, self.due_at = at, at + POLL_S, None

    def ask(self, at: float, leads: int) -> None:
        """Leads are asked for."""
        self.open_for, self.began_at = leads, at

    def answered(self, at: float, leads: int, due_in_s: float | None) -> int:
        """A claim came back with so many leads; return how many it had asked for."""
        asked, self.open_for = self.open_for or 0, None
        if leads < asked or asked == 0:
            self.due_at = None if due_in_s is None else at + due_in_s
            self.end_at = at + POLL_S
            if asked:
                wait_s = POLL_S if due_in_s is None else min(POLL_S, max(due_in_s, 0.05))
                self.ask_at = at + wait_s
        return asked

    def failed(self, at: float) -> None:
        """A claim could not be carried out."""
        self.open_for = None
        self.ask_at = self.end_at = at + AGAIN_S

    def refused(self, at: float) -> None:
        """It was not the end after all."""
        self.is_finishing = False
        self.ask_at = self.end_at = at + AGAIN_S

    def lead_ended(self, at: float) -> None:
        """An attempt ended: its lead may be due at once, or have been the last."""
        self.due_at = None
        self.ask_at, self.end_at = min(self.ask_at, at), min(self.end_at, at)

    def lead_given_back(self, at: float) -> None:
        """A lead is due again without having been dialed: do not hurry to claim it again."""
        self.due_at = None
        self.ask_at = max(self.ask_at, at + AGAIN_S)
