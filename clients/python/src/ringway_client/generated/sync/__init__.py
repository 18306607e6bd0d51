"""All nouns of the API. Written by tools/client; do not edit."""

from __future__ import annotations

from functools import cached_property

from ringway_client.generated.sync.acd_settings import AcdSettings
from ringway_client.generated.sync.agent_profiles import AgentProfiles
from ringway_client.generated.sync.agents import Agents
from ringway_client.generated.sync.alarms import Alarms
from ringway_client.generated.sync.announcements import Announcements
from ringway_client.generated.sync.api_keys import ApiKeys
from ringway_client.generated.sync.audit import Audit
from ringway_client.generated.sync.auth import Auth
from ringway_client.generated.sync.blocked_callers import BlockedCallers
from ringway_client.generated.sync.business_types import BusinessTypes
from ringway_client.generated.sync.calendars import Calendars
from ringway_client.generated.sync.callbacks import Callbacks
from ringway_client.generated.sync.caller_groups import CallerGroups
from ringway_client.generated.sync.caller_ids import CallerIds
from ringway_client.generated.sync.calls import Calls
from ringway_client.generated.sync.campaigns import Campaigns
from ringway_client.generated.sync.conference_rooms import ConferenceRooms
from ringway_client.generated.sync.conferences import Conferences
from ringway_client.generated.sync.customer_policy import CustomerPolicy
from ringway_client.generated.sync.customer_pool import CustomerPool
from ringway_client.generated.sync.customer_segments import CustomerSegments
from ringway_client.generated.sync.customers import Customers
from ringway_client.generated.sync.deleted_tenants import DeletedTenants
from ringway_client.generated.sync.follow_ups import FollowUps
from ringway_client.generated.sync.identity_providers import IdentityProviders
from ringway_client.generated.sync.imports import Imports
from ringway_client.generated.sync.inbound_routes import InboundRoutes
from ringway_client.generated.sync.interactions import Interactions
from ringway_client.generated.sync.jump_ins import JumpIns
from ringway_client.generated.sync.knowledge import Knowledge
from ringway_client.generated.sync.law import Law
from ringway_client.generated.sync.lists import Lists
from ringway_client.generated.sync.me import Me
from ringway_client.generated.sync.media_sources import MediaSources
from ringway_client.generated.sync.member_cards import MemberCards
from ringway_client.generated.sync.monitor_groups import MonitorGroups
from ringway_client.generated.sync.nodes import Nodes
from ringway_client.generated.sync.notices import Notices
from ringway_client.generated.sync.objects import Objects
from ringway_client.generated.sync.outbound_routes import OutboundRoutes
from ringway_client.generated.sync.product_categories import ProductCategories
from ringway_client.generated.sync.products import Products
from ringway_client.generated.sync.projects import Projects
from ringway_client.generated.sync.queriers import Queriers
from ringway_client.generated.sync.questionnaire_runs import QuestionnaireRuns
from ringway_client.generated.sync.questionnaires import Questionnaires
from ringway_client.generated.sync.queues import Queues
from ringway_client.generated.sync.recordings import Recordings
from ringway_client.generated.sync.records import Records
from ringway_client.generated.sync.reports import Reports
from ringway_client.generated.sync.roles import Roles
from ringway_client.generated.sync.sales_orders import SalesOrders
from ringway_client.generated.sync.scripts import Scripts
from ringway_client.generated.sync.security import Security
from ringway_client.generated.sync.skills import Skills
from ringway_client.generated.sync.supervision import Supervision
from ringway_client.generated.sync.teams import Teams
from ringway_client.generated.sync.tenants import Tenants
from ringway_client.generated.sync.time_conditions import TimeConditions
from ringway_client.generated.sync.trunks import Trunks
from ringway_client.generated.sync.users import Users
from ringway_client.generated.sync.virtual_operators import VirtualOperators
from ringway_client.generated.sync.voicemail_boxes import VoicemailBoxes
from ringway_client.generated.sync.voicemails import Voicemails
from ringway_client.generated.sync.webhooks import Webhooks
from ringway_client.generated.sync.work_order_designs import WorkOrderDesigns
from ringway_client.generated.sync.work_orders import WorkOrders
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
