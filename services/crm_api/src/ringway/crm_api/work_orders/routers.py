"""All routers of work orders."""

from __future__ import annotations

from ringway.crm_api.work_orders.parts_router import notices
from ringway.crm_api.work_orders.parts_router import router as parts
from ringway.crm_api.work_orders.reports import router as reports
from ringway.crm_api.work_orders.router import bulk_acts, prefill
from ringway.crm_api.work_orders.router import router as orders
from ringway.crm_api.work_orders.types_router import checks, designs, types

routers = (types, designs, checks, orders, prefill, bulk_acts, parts, notices, reports)
