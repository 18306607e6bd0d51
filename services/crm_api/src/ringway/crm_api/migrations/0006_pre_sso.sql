-- Single sign-on with an enterprise's own identity provider (OpenID Connect).
CREATE TABLE crm.identity_provider (
    tenant_id      uuid NOT NULL REFERENCES crm.tenant,
    provider_id    uuid NOT NULL,
    name           text NOT NULL,
    issuer         text NOT NULL,
    client_id      text NOT NULL,
    client_secret  bytea,
    scopes         text NOT NULL,
    redirect_uris  text[] NOT NULL,
    username_claim text NOT NULL,
    role_claim     text,
    role_map       jsonb NOT NULL,
    default_role   text,
    creates_users  boolean NOT NULL,
    is_enabled     boolean NOT NULL,
    version        integer NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, provider_id)
);
CREATE UNIQUE INDEX identity_provider_name ON crm.identity_provider (tenant_id, lower(name));

-- Who somebody is at the provider; his name there may change, the subject does not.
CREATE TABLE crm.identity (
    tenant_id      uuid NOT NULL,
    provider_id    uuid NOT NULL,
    subject        text NOT NULL,
    user_id        uuid NOT NULL,
    created_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, provider_id, subject),
    FOREIGN KEY (tenant_id, provider_id) REFERENCES crm.identity_provider ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, user_id) REFERENCES crm.user_account ON DELETE CASCADE
);
CREATE INDEX identity_user ON crm.identity (tenant_id, user_id);

-- A sign-in that is on its way through the provider; it is taken once.
CREATE TABLE crm.sso_flow (
    tenant_id      uuid NOT NULL,
    state_hash     bytea NOT NULL,
    browser_hash   bytea NOT NULL,
    provider_id    uuid NOT NULL,
    nonce          text NOT NULL,
    verifier       bytea NOT NULL,
    redirect_uri   text NOT NULL,
    expires_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, state_hash),
    FOREIGN KEY (tenant_id, provider_id) REFERENCES crm.identity_provider ON DELETE CASCADE
);
CREATE INDEX sso_flow_expires ON crm.sso_flow (tenant_id, expires_at);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['identity_provider', 'identity', 'sso_flow'] LOOP
        EXECUTE format('ALTER TABLE crm.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE crm.%I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY tenant_isolation ON crm.%I TO ringway_crm_api '
            'USING (tenant_id = nullif(current_setting(''ringway.tenant_id'', true), '''')::uuid) '
            'WITH CHECK (tenant_id = nullif(current_setting(''ringway.tenant_id'', true), '''')::uuid)',
            name);
        EXECUTE format(
            'CREATE POLICY owner_all ON crm.%I TO ringway_owner USING (true) WITH CHECK (true)',
            name);
    END LOOP;
END
$$;
GRANT SELECT, INSERT, UPDATE, DELETE ON crm.identity_provider, crm.identity, crm.sso_flow
    TO ringway_crm_api;

-- Which enterprise a browser means is known by its slug before anybody is signed in.
CREATE FUNCTION crm.find_active_tenant(a_slug text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT tenant_id FROM crm.tenant WHERE slug = a_slug AND state = 'active'
$$;
ALTER FUNCTION crm.find_active_tenant(text) OWNER TO ringway_owner;
REVOKE ALL ON FUNCTION crm.find_active_tenant(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.find_active_tenant(text) TO ringway_crm_api;
