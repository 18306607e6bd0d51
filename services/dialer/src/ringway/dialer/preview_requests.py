"""What agents ask about leads they are shown; only the process that runs the campaign answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from ringway.dialer.previews import Previews
from ringway.dialer.runner import CampaignRunner
from ringway.proto import dialer_preview as p
from ringway.proto.base import Done
from ringway.runtime.bus import Bus
from ringway.runtime.errors import Refused

Runners = Callable[[str], Iterable[CampaignRunner]]
"""Returns a tenant's running campaigns."""


class PreviewRequests:
    """Answers requests on the bus.

    Args:
        runners: The campaigns of a tenant that run here.
        owns: Whether this process holds a tenant's lease, or could take it just now.
    """

    def __init__(self, runners: Runners, owns: Callable[[str], Awaitable[bool]]) -> None:
        self._runners = runners
        self._owns = owns

    async def serve(self, bus: Bus) -> None:
        """Answer from now on."""
        await bus.respond(p.TakeLeadV1, self.take_lead, owns=self._owns)
        await bus.respond(p.GetPreviewV1, self.get_preview, owns=self._owns)
        await bus.respond(p.AcceptPreviewV1, self.accept_preview, owns=self._owns)
        await bus.respond(p.SkipPreviewV1, self.skip_preview, owns=self._owns)

    async def take_lead(self, request: p.TakeLeadV1) -> p.PreviewV1:
        """Give an agent a lead."""
        for runner in self._runners(request.tenant):
            shown = runner.previews.of_agent(request.agent_id)
            if shown is not None and shown.campaign_id != request.campaign_id:
                raise Refused(
                    "preview_open",
                    "The agent is shown a lead of another campaign; dial or skip it.",
                )
        for runner in self._runners(request.tenant):
            if runner.campaign.campaign_id == request.campaign_id:
                return p.PreviewV1(
                    preview=await runner.previews.take(request.agent_id, request.lead_id)
                )
        raise Refused("campaign_not_running", "This campaign is not running; start it first.")

    async def get_preview(self, request: p.GetPreviewV1) -> p.PreviewV1:
        """What an agent is shown."""
        shown = (r.previews.of_agent(request.agent_id) for r in self._runners(request.tenant))
        return p.PreviewV1(preview=next((each for each in shown if each is not None), None))

    async def accept_preview(self, request: p.AcceptPreviewV1) -> Done:
        """Dial the lead."""
        await self._of(request).accept(request.attempt_id, request.agent_id)
        return Done()

    async def skip_preview(self, request: p.SkipPreviewV1) -> Done:
        """Do not dial the lead."""
        await self._of(request).skip(request.attempt_id, request.agent_id, request.reason)
        return Done()

    def _of(self, request: p.AcceptPreviewV1 | p.SkipPreviewV1) -> Previews:
        for runner in self._runners(request.tenant):
            if runner.core.call(request.attempt_id) is not None:
                return runner.previews
        raise Refused("preview_gone", "This lead is not the agent's any more.")
