"""All routers of the knowledge base."""

from __future__ import annotations

from ringway.crm_api.knowledge.attachment_router import router as attachments
from ringway.crm_api.knowledge.category_router import router as categories
from ringway.crm_api.knowledge.history_router import router as history
from ringway.crm_api.knowledge.reader_router import router as readers
from ringway.crm_api.knowledge.router import finder
from ringway.crm_api.knowledge.router import router as articles
from ringway.crm_api.knowledge.suggestion_router import router as suggestions

routers = (categories, finder, articles, history, readers, attachments, suggestions)
