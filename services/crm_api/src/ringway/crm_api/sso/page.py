"""An enterprise's own sign-in page (R44): what it shows before anybody is known."""

from __future__ import annotations

from ringway.crm_api.auth import policy
from ringway.crm_api.auth import service as auth
from ringway.crm_api.auth.schemas import SignInPage
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import NotFound
from ringway.crm_api.sso import store


async def of(deps: Deps, *, slug: str, client_ip: str) -> SignInPage:
    """Return the page of an enterprise that wants one.

    Raises:
        NotFound: There is no such enterprise, it is not active, or has no page: all look alike.
        TooMany: This address asks too often.
    """
    auth.check_rate(deps, client_ip)
    slug = slug.strip().lower()
    async with deps.pool.platform() as conn:
        tenant_id = await store.find_tenant(conn, slug=slug)
    if tenant_id is not None:
        async with deps.pool.tenant(tenant_id) as conn:
            rules = await policy.get(conn, tenant_id=tenant_id)
            known = await store.every(conn, tenant_id=tenant_id)
        if rules.sign_in_title:
            providers = [each.name for each in known if each.is_enabled]
            return SignInPage(tenant=slug, title=rules.sign_in_title, providers=providers)
    raise NotFound(
        "sign_in_page_not_found", "This enterprise has no sign-in page; use the general one."
    )
