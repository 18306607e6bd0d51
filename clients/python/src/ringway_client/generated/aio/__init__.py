"""All nouns of the API. Written by tools/client; do not edit."""

from __future__ import annotations

from functools import cached_property

from ringway_client.generated.aio.acd_settings import AcdSettings
from ringway_client.generated.aio.agent_profiles import AgentProfiles
from ringway_client.generated.aio.agents import Agents
from ringway_client.generated.aio.alarms import Alarms
from ringway_client.generated.aio.announcements import Announcements
from ringway_client.generated.aio.api_keys import ApiKeys
from ringway_client.generated.aio.audit import Audit
from ringway_client.generated.aio.auth import Auth
from ringway_client.generated.aio.blocked_callers import BlockedCallers
from ringway_client.generated.aio.business_types import BusinessTypes
from ringway_client.generated.aio.calendars import Calendars
from ringway_client.generated.aio.callbacks import Callbacks
from ringway_client.generated.aio.caller_groups import CallerGroups
from ringway_client.generated.aio.caller_ids import CallerIds
from ringway_client.generated.aio.calls import Calls
from ringway_client.generated.aio.campaigns import Campaigns
from ringway_client.generated.aio.conference_rooms import ConferenceRooms
from ringway_client.generated.aio.conferences import Conferences
from ringway_client.generated.aio.customer_policy import CustomerPolicy
from ringway_client.generated.aio.customer_pool import CustomerPool
from ringway_client.generated.aio.customer_segments import CustomerSegments
from ringway_client.generated.aio.customers import Customers
from ringway_client.generated.aio.deleted_tenants import DeletedTenants
from ringway_client.generated.aio.follow_ups import FollowUps
from ringway_client.generated.aio.identity_providers import IdentityProviders
from ringway_client.generated.aio.imports import Imports
from ringway_client.generated.aio.inbound_routes import InboundRoutes
from ringway_client.generated.aio.interactions import Interactions
from ringway_client.generated.aio.jump_ins import JumpIns
from ringway_client.generated.aio.knowledge import Knowledge
from ringway_client.generated.aio.law import Law
from ringway_client.generated.aio.lists import Lists
from ringway_client.generated.aio.me import Me
from ringway_client.generated.aio.media_sources import MediaSources
from ringway_client.generated.aio.member_cards import MemberCards
from ringway_client.generated.aio.monitor_groups import MonitorGroups
from ringway_client.generated.aio.nodes import Nodes
from ringway_client.generated.aio.notices import Notices
from ringway_client.generated.aio.objects import Objects
from ringway_client.generated.aio.outbound_routes import OutboundRoutes
from ringway_client.generated.aio.product_categories import ProductCategories
from ringway_client.generated.aio.products import Products
from ringway_client.generated.aio.projects import Projects
from ringway_client.generated.aio.queriers import Queriers
from ringway_client.generated.aio.questionnaire_runs import QuestionnaireRuns
from ringway_client.generated.aio.questionnaires import Questionnaires
from ringway_client.generated.aio.queues import Queues
from ringway_client.generated.aio.recordings import Recordings
from ringway_client.generated.aio.records import Records
from ringway_client.generated.aio.reports import Reports
from ringway_client.generated.aio.roles import Roles
from ringway_client.generated.aio.sales_orders import SalesOrders
from ringway_client.generated.aio.scripts import Scripts
from ringway_client.generated.aio.security import Security
from ringway_client.generated.aio.skills import Skills
from ringway_client.generated.aio.supervision import Supervision
from ringway_client.generated.aio.teams import Teams
from ringway_client.generated.aio.tenants import Tenants
from ringway_client.generated.aio.time_conditions import TimeConditions
from ringway_client.generated.aio.trunks import Trunks
from ringway_client.generated.aio.users import Users
from ringway_client.generated.aio.virtual_operators import VirtualOperators
from ringway_client.generated.aio.voicemail_boxes import VoicemailBoxes
from ringway_client.generated.aio.voicemails import Voicemails
from ringway_client.generated.aio.webhooks import Webhooks
from ringway_client.generated.aio.work_order_designs import WorkOrderDesigns
from ringway_client.generated.aio.work_orders import WorkOrders
from ringway_client.sending import AsyncSender


class Groups(AsyncSender):
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
    def alarms(self) -> Alarms:
        """Alarms."""
        return Alarms(self)

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
    def business_types(self) -> BusinessTypes:
        """Business types."""
        return BusinessTypes(self)

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
    def customer_policy(self) -> CustomerPolicy:
        """Customer policy."""
        return CustomerPolicy(self)

    @cached_property
    def customer_pool(self) -> CustomerPool:
        """Customer pool."""
        return CustomerPool(self)

    @cached_property
    def customer_segments(self) -> CustomerSegments:
        """Customer segments."""
        return CustomerSegments(self)

    @cached_property
    def customers(self) -> Customers:
        """Customers."""
        return Customers(self)

    @cached_property
    def deleted_tenants(self) -> DeletedTenants:
        """Deleted tenants."""
        return DeletedTenants(self)

    @cached_property
    def follow_ups(self) -> FollowUps:
        """Follow ups."""
        return FollowUps(self)

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
    def knowledge(self) -> Knowledge:
        """Knowledge."""
        return Knowledge(self)

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
    def media_sources(self) -> MediaSources:
        """Media sources."""
        return MediaSources(self)

    @cached_property
    def member_cards(self) -> MemberCards:
        """Member cards."""
        return MemberCards(self)

    @cached_property
    def monitor_groups(self) -> MonitorGroups:
        """Monitor groups."""
        return MonitorGroups(self)

    @cached_property
    def nodes(self) -> Nodes:
        """Nodes."""
        return Nodes(self)

    @cached_property
    def notices(self) -> Notices:
        """Notices."""
        return Notices(self)

    @cached_property
    def objects(self) -> Objects:
        """Objects."""
        return Objects(self)

    @cached_property
    def outbound_routes(self) -> OutboundRoutes:
        """Outbound routes."""
        return OutboundRoutes(self)

    @cached_property
    def product_categories(self) -> ProductCategories:
        """Product categories."""
        return ProductCategories(self)

    @cached_property
    def products(self) -> Products:
        """Products."""
        return Products(self)

    @cached_property
    def projects(self) -> Projects:
        """Projects."""
        return Projects(self)

    @cached_property
    def queriers(self) -> Queriers:
        """Queriers."""
        return Queriers(self)

    @cached_property
    def questionnaire_runs(self) -> QuestionnaireRuns:
        """Questionnaire runs."""
        return QuestionnaireRuns(self)

    @cached_property
    def questionnaires(self) -> Questionnaires:
        """Questionnaires."""
        return Questionnaires(self)

    @cached_property
    def queues(self) -> Queues:
        """Queues."""
        return Queues(self)

    @cached_property
    def recordings(self) -> Recordings:
        """Recordings."""
        return Recordings(self)

    @cached_property
    def records(self) -> Records:
        """Records."""
        return Records(self)

    @cached_property
    def reports(self) -> Reports:
        """Reports."""
        return Reports(self)

    @cached_property
    def roles(self) -> Roles:
        """Roles."""
        return Roles(self)

    @cached_property
    def sales_orders(self) -> SalesOrders:
        """Sales orders."""
        return SalesOrders(self)

    @cached_property
    def scripts(self) -> Scripts:
        """Scripts."""
        return Scripts(self)

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
    def virtual_operators(self) -> VirtualOperators:
        """Virtual operators."""
        return VirtualOperators(self)

    @cached_property
    def voicemail_boxes(self) -> VoicemailBoxes:
        """Voicemail boxes."""
        return VoicemailBoxes(self)

    @cached_property
    def voicemails(self) -> Voicemails:
        """Voicemails."""
        return Voicemails(self)

    @cached_property
    def webhooks(self) -> Webhooks:
        """Webhooks."""
        return Webhooks(self)

    @cached_property
    def work_order_designs(self) -> WorkOrderDesigns:
        """Work order designs."""
        return WorkOrderDesigns(self)

    @cached_property
    def work_orders(self) -> WorkOrders:
        """Work orders."""
        return WorkOrders(self)
