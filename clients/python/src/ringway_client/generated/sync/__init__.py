"""All nouns of the API. Written by tools/client; do not edit."""

from __future__ import annotations

from functools import cached_property

from ringway_client.generated.sync.acd_settings import AcdSettings
from ringway_client.generated.sync.agent_profiles import AgentProfiles
from ringway_client.generated.sync.agents import Agents
from ringway_client.generated.sync.announcements import Announcements
from ringway_client.generated.sync.api_keys import ApiKeys
from ringway_client.generated.sync.audit import Audit
from ringway_client.generated.sync.auth import Auth
from ringway_client.generated.sync.blocked_callers import BlockedCallers
from ringway_client.generated.sync.calendars import Calendars
from ringway_client.generated.sync.callbacks import Callbacks
from ringway_client.generated.sync.caller_groups import CallerGroups
from ringway_client.generated.sync.caller_ids import CallerIds
from ringway_client.generated.sync.calls import Calls
from ringway_client.generated.sync.campaigns import Campaigns
from ringway_client.generated.sync.conference_rooms import ConferenceRooms
from ringway_client.generated.sync.conferences import Conferences
from ringway_client.generated.sync.customers import Customers
from ringway_client.generated.sync.identity_providers import IdentityProviders
from ringway_client.generated.sync.imports import Imports
from ringway_client.generated.sync.inbound_routes import InboundRoutes
from ringway_client.generated.sync.interactions import Interactions
from ringway_client.generated.sync.jump_ins import JumpIns
from ringway_client.generated.sync.law import Law
from ringway_client.generated.sync.lists import Lists
from ringway_client.generated.sync.me import Me
from ringway_client.generated.sync.monitor_groups import MonitorGroups
from ringway_client.generated.sync.nodes import Nodes
from ringway_client.generated.sync.outbound_routes import OutboundRoutes
from ringway_client.generated.sync.projects import Projects
from ringway_client.generated.sync.queues import Queues
from ringway_client.generated.sync.recordings import Recordings
from ringway_client.generated.sync.reports import Reports
from ringway_client.generated.sync.roles import Roles
from ringway_client.generated.sync.security import Security
from ringway_client.generated.sync.skills import Skills
from ringway_client.generated.sync.supervision import Supervision
from ringway_client.generated.sync.teams import Teams
from ringway_client.generated.sync.tenants import Tenants
from ringway_client.generated.sync.time_conditions import TimeConditions
from ringway_client.generated.sync.trunks import Trunks
from ringway_client.generated.sync.users import Users
from ringway_client.generated.sync.voicemail_boxes import VoicemailBoxes
from ringway_client.generated.sync.voicemails import Voicemails
from ringway_client.sending import Sender


class Groups(Sender):
    """One attribute a noun."""

    @cached_property
    def acd_settings(self) -> AcdSettings:
        """Acd settings."""
        return AcdSettings(self)

    @cached_property
    def agent_profiles(self) -> AgentProfiles:
        """Agent profiles."""
        return AgentProfiles(self)

    @cached_property
    def agents(self) -> Agents:
        """Agents."""
        return Agents(self)

    @cached_property
    def announcements(self) -> Announcements:
        """Announcements."""
        return Announcements(self)

    @cached_property
    def api_keys(self) -> ApiKeys:
        """Api keys."""
        return ApiKeys(self)

    @cached_property
    def audit(self) -> Audit:
        """Audit."""
        return Audit(self)

    @cached_property
    def auth(self) -> Auth:
        """Auth."""
        return Auth(self)

    @cached_property
    def blocked_callers(self) -> BlockedCallers:
        """Blocked callers."""
        return BlockedCallers(self)

    @cached_property
    def calendars(self) -> Calendars:
        """Calendars."""
        return Calendars(self)

    @cached_property
    def callbacks(self) -> Callbacks:
        """Callbacks."""
        return Callbacks(self)

    @cached_property
    def caller_groups(self) -> CallerGroups:
        """Caller groups."""
        return CallerGroups(self)

    @cached_property
    def caller_ids(self) -> CallerIds:
        """Caller ids."""
        return CallerIds(self)

    @cached_property
    def calls(self) -> Calls:
        """Calls."""
        return Calls(self)

    @cached_property
    def campaigns(self) -> Campaigns:
        """Campaigns."""
        return Campaigns(self)

    @cached_property
    def conference_rooms(self) -> ConferenceRooms:
        """Conference rooms."""
        return ConferenceRooms(self)

    @cached_property
    def conferences(self) -> Conferences:
        """Conferences."""
        return Conferences(self)

    @cached_property
    def customers(self) -> Customers:
        """Customers."""
        return Customers(self)

    @cached_property
    def identity_providers(self) -> IdentityProviders:
        """Identity providers."""
        return IdentityProviders(self)

    @cached_property
    def imports(self) -> Imports:
        """Imports."""
        return Imports(self)

    @cached_property
    def inbound_routes(self) -> InboundRoutes:
        """Inbound routes."""
        return InboundRoutes(self)

    @cached_property
    def interactions(self) -> Interactions:
        """Interactions."""
        return Interactions(self)

    @cached_property
    def jump_ins(self) -> JumpIns:
        """Jump ins."""
        return JumpIns(self)

    @cached_property
    def law(self) -> Law:
        """Law."""
        return Law(self)

    @cached_property
    def lists(self) -> Lists:
        """Lists."""
        return Lists(self)

    @cached_property
    def me(self) -> Me:
        """Me."""
        return Me(self)

    @cached_property
    def monitor_groups(self) -> MonitorGroups:
        """Monitor groups."""
        return MonitorGroups(self)

    @cached_property
    def nodes(self) -> Nodes:
        """Nodes."""
        return Nodes(self)

    @cached_property
    def outbound_routes(self) -> OutboundRoutes:
        """Outbound routes."""
        return OutboundRoutes(self)

    @cached_property
    def projects(self) -> Projects:
        """Projects."""
        return Projects(self)

    @cached_property
    def queues(self) -> Queues:
        """Queues."""
        return Queues(self)

    @cached_property
    def recordings(self) -> Recordings:
        """Recordings."""
        return Recordings(self)

    @cached_property
    def reports(self) -> Reports:
        """Reports."""
        return Reports(self)

    @cached_property
    def roles(self) -> Roles:
        """Roles."""
        return Roles(self)

    @cached_property
    def security(self) -> Security:
        """Security."""
        return Security(self)

    @cached_property
    def skills(self) -> Skills:
        """Skills."""
        return Skills(self)

    @cached_property
    def supervision(self) -> Supervision:
        """Supervision."""
        return Supervision(self)

    @cached_property
    def teams(self) -> Teams:
        """Teams."""
        return Teams(self)

    @cached_property
    def tenants(self) -> Tenants:
        """Tenants."""
        return Tenants(self)

    @cached_property
    def time_conditions(self) -> TimeConditions:
        """Time conditions."""
        return TimeConditions(self)

    @cached_property
    def trunks(self) -> Trunks:
        """Trunks."""
        return Trunks(self)

    @cached_property
    def users(self) -> Users:
        """Users."""
        return Users(self)

    @cached_property
    def voicemail_boxes(self) -> VoicemailBoxes:
        """Voicemail boxes."""
        return VoicemailBoxes(self)

    @cached_property
    def voicemails(self) -> Voicemails:
        """Voicemails."""
        return Voicemails(self)
