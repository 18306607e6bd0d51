"""The HTTP application."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import JSONResponse

from ringway.crm_api import dispatch, document, errors, openapi
from ringway.crm_api.agents.router import router as agents
from ringway.crm_api.alarms.router import router as alarms
from ringway.crm_api.announcements.router import router as announcements
from ringway.crm_api.api_keys.router import router as api_keys
from ringway.crm_api.audit.router import router as audit
from ringway.crm_api.auth.account_router import of_me as me_account
from ringway.crm_api.auth.account_router import of_users as users_sessions
from ringway.crm_api.auth.account_router import rules as security_policy
from ringway.crm_api.auth.factor_router import of_me as me_factor
from ringway.crm_api.auth.factor_router import of_users as users_factor
from ringway.crm_api.auth.router import router as auth
from ringway.crm_api.callbacks.router import catalogue as dispositions
from ringway.crm_api.callbacks.router import of_interactions as interactions_disposition
from ringway.crm_api.callbacks.router import router as callbacks
from ringway.crm_api.callers.router import numbers as caller_numbers
from ringway.crm_api.callers.router import of_tenants as tenants_caller_numbers
from ringway.crm_api.callers.router import pools as caller_pools
from ringway.crm_api.calls.router import live as live_interactions
from ringway.crm_api.calls.router import router as calls
from ringway.crm_api.campaigns.defaults_router import router as campaign_defaults
from ringway.crm_api.campaigns.router import router as campaigns
from ringway.crm_api.configuration.days import router as calendar_days
from ringway.crm_api.configuration.router import routers as configuration
from ringway.crm_api.customer_files.bulk_router import router as customers_bulk_acts
from ringway.crm_api.customer_files.export_router import router as customers_exports
from ringway.crm_api.customer_files.import_router import router as customers_imports
from ringway.crm_api.customer_files.merge_router import merges as customers_merges
from ringway.crm_api.customer_files.merge_router import of_customers as customers_merge
from ringway.crm_api.customer_files.merge_router import router as customers_duplicates
from ringway.crm_api.customer_files.privacy_router import erasures as customers_erasures
from ringway.crm_api.customer_files.privacy_router import router as customers_privacy
from ringway.crm_api.customers.follow_up_router import of_customers as customers_follow_ups
from ringway.crm_api.customers.follow_up_router import router as follow_ups
from ringway.crm_api.customers.history_router import router as customers_history
from ringway.crm_api.customers.policy_router import router as customer_policy
from ringway.crm_api.customers.pool_router import router as customer_pool
from ringway.crm_api.customers.router import router as customers
from ringway.crm_api.customers.segment_router import router as customer_segments
from ringway.crm_api.customers.segment_router import tags as customer_tags
from ringway.crm_api.deprecation import REGISTER
from ringway.crm_api.deps import Deps, DepsOf
from ringway.crm_api.desk.previews import router as previews
from ringway.crm_api.desk.router import conferences
from ringway.crm_api.desk.router import router as desk
from ringway.crm_api.events.router import router as events
from ringway.crm_api.imports.router import router as imports
from ringway.crm_api.insight.router import router as tenants_insight
from ringway.crm_api.interactions.router import router as interactions
from ringway.crm_api.jump_ins.router import of_tenants as tenants_jump_ins
from ringway.crm_api.jump_ins.router import router as jump_ins
from ringway.crm_api.knowledge.routers import routers as knowledge
from ringway.crm_api.law.router import consents
from ringway.crm_api.law.router import lists as dnc_lists
from ringway.crm_api.law.router import router as law
from ringway.crm_api.lists.router import router as lists
from ringway.crm_api.me.router import router as me
from ringway.crm_api.media_sources.router import router as media_sources
from ringway.crm_api.member_cards.router import router as member_cards
from ringway.crm_api.member_cards.router import rules as member_card_settings
from ringway.crm_api.middleware import Edge
from ringway.crm_api.nodes.router import router as nodes
from ringway.crm_api.notices.router import of_me as me_notices
from ringway.crm_api.notices.router import router as notices
from ringway.crm_api.objects.pop_router import pops
from ringway.crm_api.objects.pop_router import router as object_bindings
from ringway.crm_api.objects.records_router import router as records
from ringway.crm_api.objects.router import router as objects
from ringway.crm_api.opening.router import router as tenants_open
from ringway.crm_api.orders.router import router as sales_orders
from ringway.crm_api.orders.router import rules as order_settings
from ringway.crm_api.products.router import categories as product_categories
from ringway.crm_api.products.router import router as products
from ringway.crm_api.projects.router import router as projects
from ringway.crm_api.queriers.router import everything as search_everywhere
from ringway.crm_api.queriers.router import router as queriers
from ringway.crm_api.queriers.router import settings as querier_settings
from ringway.crm_api.queriers.router import shipped as querier_templates
from ringway.crm_api.queriers.router import sources as querier_sources
from ringway.crm_api.queriers.work_router import of_queriers as queriers_work
from ringway.crm_api.queriers.work_router import operations_router as querier_operations
from ringway.crm_api.queriers.work_router import runs_router as querier_runs
from ringway.crm_api.queriers.work_router import schedules_router as querier_schedules
from ringway.crm_api.questionnaires.router import router as questionnaires
from ringway.crm_api.questionnaires.run_router import of_questionnaires as questionnaires_runs
from ringway.crm_api.questionnaires.run_router import router as questionnaire_runs
from ringway.crm_api.recordings.router import router as recordings
from ringway.crm_api.reports.router import router as reports
from ringway.crm_api.roles.router import permissions as permissions_known
from ringway.crm_api.roles.router import router as roles
from ringway.crm_api.screening.router import router as screening
from ringway.crm_api.scripts.router import router as scripts
from ringway.crm_api.sso.router import of_auth as auth_sso
from ringway.crm_api.sso.router import router as identity_providers
from ringway.crm_api.supervision.router import router as supervision
from ringway.crm_api.teams.router import of_users as users_team_moves
from ringway.crm_api.teams.router import router as teams
from ringway.crm_api.tenants.router import deleted as tenants_deleted
from ringway.crm_api.tenants.router import router as tenants
from ringway.crm_api.trunks.router import router as trunks
from ringway.crm_api.users.router import router as users
from ringway.crm_api.virtual_operators.router import router as virtual_operators
from ringway.crm_api.voicemails.router import router as voicemails
from ringway.crm_api.webhooks.router import router as webhooks
from ringway.crm_api.work_orders.routers import routers as work_orders

NOUNS = (
    *(
        auth,
        me,
        me_account,
        me_factor,
        api_keys,
        auth_sso,
        identity_providers,
        security_policy,
        tenants_open,
        tenants,
        tenants_deleted,
        tenants_caller_numbers,
        tenants_insight,
        tenants_jump_ins,
        jump_ins,
        virtual_operators,
        nodes,
        alarms,
        users,
        users_sessions,
        users_factor,
        roles,
        permissions_known,
        teams,
        users_team_moves,
        agents,
        calls,
        desk,
        previews,
        conferences,
        supervision,
        trunks,
        # Before the one customer whose id would be "imports".
        customers_imports,
        customers_bulk_acts,
        customers_exports,
        customers_duplicates,
        customers_erasures,
        customers_privacy,
        customers_merges,
        customers_merge,
        customers,
        customers_follow_ups,
        customers_history,
        follow_ups,
        customer_pool,
        customer_policy,
        customer_segments,
        customer_tags,
        products,
        product_categories,
        order_settings,
        sales_orders,
        questionnaires,
        questionnaires_runs,
        questionnaire_runs,
        member_cards,
        member_card_settings,
        media_sources,
        objects,
        records,
        object_bindings,
        pops,
        lists,
        imports,
        projects,
        campaigns,
        campaign_defaults,
        screening,
        announcements,
        caller_pools,
        caller_numbers,
        dnc_lists,
        consents,
        law,
        callbacks,
        dispositions,
    ),
    # What runs now comes before the one interaction whose id would be "live".
    *(
        *configuration,
        calendar_days,
        live_interactions,
        interactions,
        interactions_disposition,
        recordings,
        voicemails,
        reports,
        *work_orders,
        *(queriers, queriers_work, querier_sources, querier_settings, querier_templates),
        *(querier_schedules, querier_runs, querier_operations, search_everywhere),
        *knowledge,
        scripts,
        notices,
        me_notices,
        events,
        webhooks,
        audit,
    ),
)
# What a form needs around the file itself.
_UPLOAD_OVERHEAD_BYTES = 10_000

health = APIRouter(include_in_schema=False)


@health.get("/livez")
async def livez(deps: DepsOf) -> Response:
    """Say that the event loop turns."""
    status, body = deps.health.livez()
    return JSONResponse(body, status)


@health.get("/readyz")
async def readyz(deps: DepsOf) -> Response:
    """Say whether work is taken, and which part is missing."""
    status, body = deps.health.readyz()
    return JSONResponse(body, status)


@health.get("/metrics")
async def metrics(deps: DepsOf) -> Response:
    """Return figures in Prometheus's text format."""
    return Response(deps.health.metrics_text(), media_type="text/plain; version=0.0.4")


def create_app(deps: Deps) -> FastAPI:
    """Return the application over the parts of one process."""
    app = make_api()
    app.state.deps = deps
    app.add_middleware(
        Edge,
        body_max_bytes=deps.settings.body_max_bytes,
        bulk_max_bytes=deps.settings.bulk_max_bytes,
        upload_max_bytes=deps.settings.import_max_bytes + _UPLOAD_OVERHEAD_BYTES,
        clock=deps.monotonic,
        rate_policy=deps.request_limiter.policy,
        going=REGISTER.headers(document.shipped()) if REGISTER else {},
    )
    return app


def included() -> list[tuple[APIRouter, str]]:
    """Return the routers of the application in their order, each with its prefix."""
    return [
        (part, prefix)
        for routers, prefix in ((NOUNS, "/api/v1"), ((health, document.router), ""))
        for router in routers
        for part in dispatch.split(router, prefix)
    ]


def make_api() -> FastAPI:
    """Return the routes alone, enough for the OpenAPI document."""
    app = FastAPI(
        title="Ringway",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=openapi.operation_id,
        redirect_slashes=False,
        # Edge does it, for refused requests as well.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    parts = included()
    for router, prefix in parts:
        app.include_router(router, prefix=prefix)
    errors.install(app)
    openapi.install(app, NOUNS)
    dispatch.install(app, parts)
    return app
