-- Schema of the CRM API. Every table is under forced row-level security: the service's role sees
-- the rows of the tenant that its transaction names, ringway_owner (never a login of a service)
-- sees all, which the few SECURITY DEFINER functions below use.
CREATE SCHEMA crm AUTHORIZATION ringway_owner;
GRANT USAGE ON SCHEMA crm TO ringway_crm_api;

-- The platform itself is the tenant of all zeros: its users are the platform's operators.
CREATE TABLE crm.tenant (
    tenant_id      uuid PRIMARY KEY,
    slug           text NOT NULL UNIQUE CHECK (slug ~ '^[a-z][a-z0-9-]{1,39}$'),
    name           text NOT NULL,
    state          text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'suspended')),
    next_batch_no  integer NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL
);

CREATE TABLE crm.user_account (
    tenant_id      uuid NOT NULL REFERENCES crm.tenant,
    user_id        uuid NOT NULL,
    username       text NOT NULL,
    display_name   text NOT NULL DEFAULT '',
    role           text NOT NULL,
    password_hash  text NOT NULL,
    agent_number   text,
    sip_username   text,
    is_enabled     boolean NOT NULL DEFAULT true,
    version        integer NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
);
CREATE UNIQUE INDEX user_account_username ON crm.user_account (tenant_id, lower(username));
CREATE UNIQUE INDEX user_account_agent_number ON crm.user_account (tenant_id, agent_number);

-- A session is one sign-in; each refresh replaces its token and remembers the last one, so that
-- a stolen token used after its owner ends the session.
CREATE TABLE crm.refresh_token (
    tenant_id      uuid NOT NULL,
    token_hash     bytea NOT NULL,
    session_id     uuid NOT NULL,
    user_id        uuid NOT NULL,
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    used_at        timestamptz,
    PRIMARY KEY (tenant_id, token_hash),
    FOREIGN KEY (tenant_id, user_id) REFERENCES crm.user_account ON DELETE CASCADE
);
CREATE INDEX refresh_token_session ON crm.refresh_token (tenant_id, session_id);
CREATE INDEX refresh_token_user ON crm.refresh_token (tenant_id, user_id);

-- Failures by login, whether such a login exists or not, so that lockout does not tell.
-- All rows belong to the platform's tenant: at this moment nobody is signed in.
CREATE TABLE crm.sign_in_failure (
    tenant_id      uuid NOT NULL,
    login          text NOT NULL,
    failures       integer NOT NULL,
    last_at        timestamptz NOT NULL,
    locked_until   timestamptz,
    PRIMARY KEY (tenant_id, login)
);

CREATE TABLE crm.customer (
    tenant_id      uuid NOT NULL,
    customer_id    uuid NOT NULL,
    name           text NOT NULL DEFAULT '',
    phone_e164     text NOT NULL,
    data           jsonb NOT NULL DEFAULT '{}',
    batch_number   text,
    version        integer NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, customer_id)
);
CREATE INDEX customer_phone ON crm.customer (tenant_id, phone_e164);
CREATE INDEX customer_batch ON crm.customer (tenant_id, batch_number, customer_id)
    WHERE batch_number IS NOT NULL;

CREATE TABLE crm.import_batch (
    tenant_id            uuid NOT NULL,
    batch_id             uuid NOT NULL,
    batch_number         text NOT NULL,
    list_id              uuid NOT NULL,
    file_name            text NOT NULL DEFAULT '',
    is_dry_run           boolean NOT NULL,
    state                text NOT NULL CHECK (state IN ('running', 'finished', 'failed')),
    failure              text NOT NULL DEFAULT '',
    encoding             text NOT NULL DEFAULT '',
    rows                 integer NOT NULL DEFAULT 0,
    added                integer NOT NULL DEFAULT 0,
    duplicates_in_file   integer NOT NULL DEFAULT 0,
    duplicates_in_list   integer NOT NULL DEFAULT 0,
    refused              integer NOT NULL DEFAULT 0,
    created_by           uuid,
    created_at           timestamptz NOT NULL,
    finished_at          timestamptz,
    PRIMARY KEY (tenant_id, batch_id),
    UNIQUE (tenant_id, batch_number)
);

-- The good rows of a batch: giving its number selects the numbers to call (R155).
CREATE TABLE crm.import_row (
    tenant_id      uuid NOT NULL,
    batch_id       uuid NOT NULL,
    line           integer NOT NULL,
    phone_e164     text NOT NULL,
    name           text NOT NULL,
    priority       integer NOT NULL,
    data           jsonb NOT NULL,
    PRIMARY KEY (tenant_id, batch_id, line)
);

CREATE TABLE crm.import_error (
    tenant_id      uuid NOT NULL,
    batch_id       uuid NOT NULL,
    line           integer NOT NULL,
    column_name    text NOT NULL,
    value          text NOT NULL,
    code           text NOT NULL,
    reason         text NOT NULL,
    PRIMARY KEY (tenant_id, batch_id, line)
);

CREATE TABLE crm.interaction (
    tenant_id                uuid NOT NULL,
    interaction_id           uuid NOT NULL,
    attempt_id               uuid,
    campaign_id              uuid,
    lead_id                  uuid,
    direction                text NOT NULL,
    caller                   text NOT NULL,
    called                   text NOT NULL,
    agent_id                 uuid,
    agent_number             text NOT NULL,
    started_at               timestamptz,
    answered_at              timestamptz,
    connected_at             timestamptz,
    disconnected_at          timestamptz,
    ended_at                 timestamptz,
    ring_s                   double precision,
    wait_s                   double precision,
    talk_s                   double precision,
    wrap_up_s                double precision,
    disposition              text NOT NULL,
    agent_disposition        text NOT NULL,
    cause_q850               integer,
    tech_cause               integer,
    hung_up_by               text,
    recording_id             text,
    recording_missing_reason text,
    is_live                  boolean NOT NULL,
    sources                  jsonb NOT NULL,
    PRIMARY KEY (tenant_id, interaction_id)
);
CREATE INDEX interaction_answered ON crm.interaction (tenant_id, answered_at);
CREATE INDEX interaction_campaign ON crm.interaction (tenant_id, campaign_id, interaction_id);
CREATE INDEX interaction_agent ON crm.interaction (tenant_id, agent_id, interaction_id);
CREATE INDEX interaction_called ON crm.interaction (tenant_id, called, interaction_id);

-- What is known of dials that have not (yet) been answered; kept until late facts cannot come.
CREATE TABLE crm.interaction_pending (
    tenant_id      uuid NOT NULL,
    interaction_id uuid NOT NULL,
    sources        jsonb NOT NULL,
    updated_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, interaction_id)
);
CREATE INDEX interaction_pending_updated ON crm.interaction_pending (updated_at);

CREATE TABLE crm.agent_state_log (
    tenant_id      uuid NOT NULL,
    message_id     text NOT NULL,
    agent_id       uuid NOT NULL,
    session_id     text NOT NULL,
    previous       text NOT NULL,
    previous_s     double precision NOT NULL,
    state          text NOT NULL,
    reason         text NOT NULL,
    interaction_id uuid,
    occurred_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, message_id)
);
CREATE INDEX agent_state_log_agent ON crm.agent_state_log (tenant_id, agent_id, occurred_at);

-- Append-only: the service may add and read, never change. Each entry's hash covers the last.
CREATE TABLE crm.audit_log (
    tenant_id      uuid NOT NULL,
    seq            bigint NOT NULL,
    at             timestamptz NOT NULL,
    actor_id       uuid,
    actor          text NOT NULL,
    action         text NOT NULL,
    object_type    text NOT NULL,
    object_id      text NOT NULL,
    detail         jsonb NOT NULL,
    client_ip      text NOT NULL,
    prev_hash      bytea NOT NULL,
    hash           bytea NOT NULL,
    PRIMARY KEY (tenant_id, seq)
);

CREATE TABLE crm.idempotency_key (
    tenant_id      uuid NOT NULL,
    user_id        uuid NOT NULL,
    key            text NOT NULL,
    fingerprint    bytea NOT NULL,
    attempt        uuid NOT NULL,
    locked_until   timestamptz NOT NULL,
    status         integer,
    headers        jsonb,
    body           bytea,
    created_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, user_id, key)
);
CREATE INDEX idempotency_key_created ON crm.idempotency_key (created_at);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'tenant', 'user_account', 'refresh_token', 'sign_in_failure', 'customer',
        'import_batch', 'import_row', 'import_error', 'interaction', 'interaction_pending',
        'agent_state_log', 'audit_log', 'idempotency_key'
    ] LOOP
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

-- The platform's operators see and suspend every tenant; they see nothing inside of one.
CREATE POLICY platform_reads ON crm.tenant FOR SELECT TO ringway_crm_api
    USING (current_setting('ringway.tenant_id', true) = '00000000-0000-0000-0000-000000000000');
CREATE POLICY platform_updates ON crm.tenant FOR UPDATE TO ringway_crm_api
    USING (current_setting('ringway.tenant_id', true) = '00000000-0000-0000-0000-000000000000')
    WITH CHECK (current_setting('ringway.tenant_id', true) = '00000000-0000-0000-0000-000000000000');

GRANT SELECT, INSERT, UPDATE ON crm.tenant, crm.user_account, crm.import_batch,
    crm.interaction TO ringway_crm_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON crm.refresh_token, crm.sign_in_failure, crm.customer,
    crm.import_row, crm.interaction_pending, crm.idempotency_key TO ringway_crm_api;
GRANT SELECT, INSERT ON crm.import_error, crm.agent_state_log, crm.audit_log TO ringway_crm_api;

-- Facts that are announced if and only if their transaction commits.
CREATE TABLE crm.outbox (
    tenant_id   uuid        NOT NULL,
    id          bigint      GENERATED ALWAYS AS IDENTITY,
    message_id  text        NOT NULL,
    type        text        NOT NULL,
    subject     text        NOT NULL,
    payload     bytea       NOT NULL,
    traceparent text        NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX outbox_in_order ON crm.outbox (id);
ALTER TABLE crm.outbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE crm.outbox FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON crm.outbox TO ringway_crm_api
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON crm.outbox TO ringway_owner USING (true) WITH CHECK (true);
-- The relay serves all tenants, and says so in its own transactions only.
CREATE POLICY relay ON crm.outbox TO ringway_crm_api
    USING (current_setting('ringway.relay', true) = 'on') WITH CHECK (false);
GRANT SELECT, INSERT, UPDATE, DELETE ON crm.outbox TO ringway_crm_api;

-- Who signs in is not known before he has signed in: this one lookup crosses tenants.
CREATE FUNCTION crm.find_login(a_slug text, a_username text)
RETURNS TABLE (
    tenant_id uuid, user_id uuid, username text, role text, agent_number text,
    password_hash text, is_enabled boolean, tenant_state text
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT u.tenant_id, u.user_id, u.username, u.role, u.agent_number,
           u.password_hash, u.is_enabled, t.state
      FROM crm.tenant t JOIN crm.user_account u USING (tenant_id)
     WHERE t.slug = a_slug AND lower(u.username) = lower(a_username)
$$;
ALTER FUNCTION crm.find_login(text, text) OWNER TO ringway_owner;
REVOKE ALL ON FUNCTION crm.find_login(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.find_login(text, text) TO ringway_crm_api;

-- Housekeeping over all tenants: what has no more use. Returns the number of rows removed.
CREATE FUNCTION crm.prune(a_now timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    total bigint := 0;
    part bigint;
BEGIN
    DELETE FROM crm.interaction_pending WHERE updated_at < a_now - interval '6 hours';
    GET DIAGNOSTICS part = ROW_COUNT; total := total + part;
    DELETE FROM crm.idempotency_key WHERE created_at < a_now - interval '24 hours';
    GET DIAGNOSTICS part = ROW_COUNT; total := total + part;
    DELETE FROM crm.refresh_token WHERE expires_at < a_now;
    GET DIAGNOSTICS part = ROW_COUNT; total := total + part;
    DELETE FROM crm.sign_in_failure WHERE last_at < a_now - interval '24 hours'
        AND (locked_until IS NULL OR locked_until < a_now);
    GET DIAGNOSTICS part = ROW_COUNT; total := total + part;
    -- No import runs for an hour: its process is gone.
    UPDATE crm.import_batch SET state = 'failed', finished_at = a_now,
           failure = 'The import was interrupted. Import the file again: numbers that are in the list already are not added twice.'
     WHERE state = 'running' AND created_at < a_now - interval '1 hour';
    GET DIAGNOSTICS part = ROW_COUNT; total := total + part;
    RETURN total;
END
$$;
ALTER FUNCTION crm.prune(timestamptz) OWNER TO ringway_owner;
REVOKE ALL ON FUNCTION crm.prune(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.prune(timestamptz) TO ringway_crm_api;
