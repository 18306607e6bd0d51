-- Projects, lists, leads, campaigns and attempts: what must survive any process.
CREATE SCHEMA dialer;
GRANT USAGE ON SCHEMA dialer TO ringway_dialer, ringway_crm_api;

CREATE TABLE dialer.project (
    tenant_id  uuid        NOT NULL,
    project_id text        NOT NULL,
    name       text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, project_id)
);

CREATE TABLE dialer.list (
    tenant_id  uuid        NOT NULL,
    list_id    text        NOT NULL,
    name       text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, list_id)
);

-- A list is worked down once: a lead's attempts count whichever campaign dialed it.
CREATE TABLE dialer.lead (
    tenant_id        uuid        NOT NULL,
    lead_id          text        NOT NULL,
    list_id          text        NOT NULL,
    phone_e164       text        NOT NULL CHECK (phone_e164 ~ '^\+[1-9][0-9]{1,14}$'),
    name             text        NOT NULL DEFAULT '',
    data             jsonb       NOT NULL DEFAULT '{}',
    priority         integer     NOT NULL DEFAULT 0,
    position         bigint      GENERATED ALWAYS AS IDENTITY,
    batch_id         text        NOT NULL DEFAULT '',
    attempts         integer     NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    next_attempt_at  timestamptz NOT NULL DEFAULT now(),
    open_attempt_id  uuid,
    closed_reason    text,
    last_disposition text,
    last_attempt_at  timestamptz,
    created_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, lead_id),
    UNIQUE (tenant_id, list_id, phone_e164),
    FOREIGN KEY (tenant_id, list_id) REFERENCES dialer.list
);
-- The order in which leads are claimed; only those that may be claimed are in it.
CREATE INDEX lead_to_dial ON dialer.lead
    (tenant_id, list_id, priority DESC, next_attempt_at, position)
    WHERE closed_reason IS NULL AND open_attempt_id IS NULL;
-- When the next one becomes due, without reading those of higher priority.
CREATE INDEX lead_due ON dialer.lead (tenant_id, list_id, next_attempt_at)
    WHERE closed_reason IS NULL AND open_attempt_id IS NULL;
CREATE INDEX lead_open ON dialer.lead (tenant_id, list_id) WHERE closed_reason IS NULL;
CREATE INDEX lead_batch ON dialer.lead (tenant_id, batch_id);

-- The answer to a chunk of an import, so that its repeat adds nothing.
CREATE TABLE dialer.lead_chunk (
    tenant_id          uuid        NOT NULL,
    batch_id           text        NOT NULL,
    chunk_no           integer     NOT NULL,
    added              integer     NOT NULL,
    duplicate_lead_ids text[]      NOT NULL,
    created_at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, batch_id, chunk_no)
);

CREATE TABLE dialer.campaign (
    tenant_id   uuid        NOT NULL,
    campaign_id text        NOT NULL,
    project_id  text        NOT NULL,
    name        text        NOT NULL,
    spec        jsonb       NOT NULL,
    list_ids    text[]      NOT NULL,
    state       text        NOT NULL DEFAULT 'draft'
                CHECK (state IN ('draft', 'running', 'paused', 'stopped', 'finished')),
    version     integer     NOT NULL DEFAULT 1,  -- grows with every change of spec or state
    created_at  timestamptz NOT NULL DEFAULT now(),
    changed_at  timestamptz NOT NULL DEFAULT now(),
    started_at  timestamptz,
    finished_at timestamptz,
    PRIMARY KEY (tenant_id, campaign_id),
    FOREIGN KEY (tenant_id, project_id) REFERENCES dialer.project
);
CREATE INDEX campaign_running ON dialer.campaign (tenant_id) WHERE state = 'running';

-- attempt_id is a UUIDv7, so ranges of it are ranges of time: monthly partitions need no other
-- key. That a lead is in one attempt at a time is told twice: by lead.open_attempt_id, which
-- survives partitioning, and by the unique index below.
CREATE TABLE dialer.attempt (
    tenant_id       uuid        NOT NULL,
    attempt_id      uuid        NOT NULL,
    interaction_id  uuid        NOT NULL,
    campaign_id     text        NOT NULL,
    list_id         text        NOT NULL,
    lead_id         text        NOT NULL,
    attempt_no      integer     NOT NULL CHECK (attempt_no >= 1),
    phone_e164      text        NOT NULL,
    caller_id       text,
    mode            text        NOT NULL,
    trunk_id        text        NOT NULL,
    node            text        NOT NULL,
    reserved_agent_id text,
    claimed_at      timestamptz NOT NULL,
    placed_at       timestamptz,  -- Asterisk has the call
    answered_at     timestamptz,
    outcome         text,         -- what the ACD said of an answered call
    agent_id        text,         -- who talked
    ended_at        timestamptz,
    disposition     text,
    cause_q850      integer,
    tech_cause      integer,
    PRIMARY KEY (tenant_id, attempt_id),
    CHECK ((ended_at IS NULL) = (disposition IS NULL))
);
CREATE UNIQUE INDEX attempt_open_lead ON dialer.attempt (tenant_id, lead_id)
    WHERE ended_at IS NULL;
CREATE INDEX attempt_open_campaign ON dialer.attempt (tenant_id, campaign_id)
    WHERE ended_at IS NULL;
CREATE INDEX attempt_of_campaign ON dialer.attempt (tenant_id, campaign_id, attempt_id DESC);
CREATE INDEX attempt_of_lead ON dialer.attempt (tenant_id, lead_id, attempt_id DESC);
CREATE UNIQUE INDEX attempt_of_interaction ON dialer.attempt (tenant_id, interaction_id);

ALTER TABLE dialer.project ENABLE ROW LEVEL SECURITY;
ALTER TABLE dialer.project FORCE ROW LEVEL SECURITY;
ALTER TABLE dialer.list ENABLE ROW LEVEL SECURITY;
ALTER TABLE dialer.list FORCE ROW LEVEL SECURITY;
ALTER TABLE dialer.lead ENABLE ROW LEVEL SECURITY;
ALTER TABLE dialer.lead FORCE ROW LEVEL SECURITY;
ALTER TABLE dialer.lead_chunk ENABLE ROW LEVEL SECURITY;
ALTER TABLE dialer.lead_chunk FORCE ROW LEVEL SECURITY;
ALTER TABLE dialer.campaign ENABLE ROW LEVEL SECURITY;
ALTER TABLE dialer.campaign FORCE ROW LEVEL SECURITY;
ALTER TABLE dialer.attempt ENABLE ROW LEVEL SECURITY;
ALTER TABLE dialer.attempt FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant_isolation ON dialer.project TO ringway_dialer, ringway_crm_api
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON dialer.project TO ringway_owner USING (true) WITH CHECK (true);
CREATE POLICY tenant_isolation ON dialer.list TO ringway_dialer, ringway_crm_api
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON dialer.list TO ringway_owner USING (true) WITH CHECK (true);
CREATE POLICY tenant_isolation ON dialer.lead TO ringway_dialer, ringway_crm_api
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON dialer.lead TO ringway_owner USING (true) WITH CHECK (true);
CREATE POLICY tenant_isolation ON dialer.lead_chunk TO ringway_dialer
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON dialer.lead_chunk TO ringway_owner USING (true) WITH CHECK (true);
CREATE POLICY tenant_isolation ON dialer.campaign TO ringway_dialer, ringway_crm_api
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON dialer.campaign TO ringway_owner USING (true) WITH CHECK (true);
CREATE POLICY tenant_isolation ON dialer.attempt TO ringway_dialer, ringway_crm_api
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON dialer.attempt TO ringway_owner USING (true) WITH CHECK (true);

GRANT SELECT, INSERT, UPDATE ON dialer.project, dialer.list, dialer.lead, dialer.campaign
    TO ringway_dialer;
GRANT SELECT, INSERT ON dialer.lead_chunk TO ringway_dialer;
-- An attempt that never reached the trunk is taken back: its row is removed.
GRANT SELECT, INSERT, UPDATE, DELETE ON dialer.attempt TO ringway_dialer;
GRANT SELECT ON dialer.project, dialer.list, dialer.lead, dialer.campaign, dialer.attempt
    TO ringway_crm_api;

-- What crm_api shows. security_invoker: row-level security sees the asking role and its tenant.
CREATE VIEW dialer.project_v WITH (security_invoker = true) AS
    SELECT tenant_id, project_id, name, created_at, changed_at FROM dialer.project;

CREATE VIEW dialer.list_v WITH (security_invoker = true) AS
    SELECT l.tenant_id, l.list_id, l.name, l.created_at, l.changed_at,
           n.leads_total, n.leads_open
      FROM dialer.list l
      CROSS JOIN LATERAL (
           SELECT count(*) AS leads_total,
                  count(*) FILTER (WHERE d.closed_reason IS NULL) AS leads_open
             FROM dialer.lead d
            WHERE d.tenant_id = l.tenant_id AND d.list_id = l.list_id
      ) n;

CREATE VIEW dialer.lead_v WITH (security_invoker = true) AS
    SELECT tenant_id, lead_id, list_id, phone_e164, name, data, priority, position, batch_id,
           attempts,
           CASE WHEN closed_reason IS NOT NULL THEN 'closed'
                WHEN open_attempt_id IS NOT NULL THEN 'dialing'
                ELSE 'open' END AS state,
           closed_reason, last_disposition,
           CASE WHEN closed_reason IS NULL AND open_attempt_id IS NULL
                THEN next_attempt_at END AS next_attempt_at,
           last_attempt_at, created_at
      FROM dialer.lead;

CREATE VIEW dialer.attempt_v WITH (security_invoker = true) AS
    SELECT tenant_id, attempt_id, interaction_id, campaign_id, list_id, lead_id, attempt_no,
           phone_e164, caller_id, mode, trunk_id, node, claimed_at, placed_at AS started_at,
           answered_at, ended_at, disposition, cause_q850, tech_cause, agent_id
      FROM dialer.attempt;

CREATE VIEW dialer.campaign_v WITH (security_invoker = true) AS
    SELECT c.tenant_id, c.campaign_id, c.project_id, c.name, c.state, c.version, c.spec,
           c.list_ids,
           ARRAY(SELECT jsonb_array_elements_text(c.spec -> 'agent_ids')) AS agent_ids,
           c.spec ->> 'mode' AS mode,
           c.spec ->> 'trunk_id' AS trunk_id,
           c.spec ->> 'caller_id' AS caller_id,
           (c.spec ->> 'ratio')::float8 AS ratio,
           (c.spec ->> 'rate_cps')::float8 AS rate_cps,
           (c.spec ->> 'max_lines')::integer AS max_lines,
           (c.spec ->> 'max_attempts')::integer AS max_attempts,
           (c.spec ->> 'ring_timeout_s')::float8 AS ring_timeout_s,
           (c.spec ->> 'abandonment_limit_s')::float8 AS abandonment_limit_s,
           (c.spec ->> 'wrap_up_s')::float8 AS wrap_up_s,
           c.spec -> 'retry_rules' AS retry_rules,
           c.created_at, c.changed_at, c.started_at, c.finished_at,
           l.leads_total, l.leads_open,
           a.attempts, a.answered, a.connected, a.abandoned
      FROM dialer.campaign c
      CROSS JOIN LATERAL (
           SELECT count(*) AS leads_total,
                  count(*) FILTER (WHERE d.closed_reason IS NULL) AS leads_open
             FROM dialer.lead d
            WHERE d.tenant_id = c.tenant_id AND d.list_id = ANY (c.list_ids)
      ) l
      CROSS JOIN LATERAL (
           SELECT count(*) FILTER (WHERE t.placed_at IS NOT NULL) AS attempts,
                  count(*) FILTER (WHERE t.answered_at IS NOT NULL) AS answered,
                  count(*) FILTER (WHERE coalesce(t.disposition, t.outcome) = 'connected')
                      AS connected,
                  count(*) FILTER (WHERE coalesce(t.disposition, t.outcome) = 'abandoned')
                      AS abandoned
             FROM dialer.attempt t
            WHERE t.tenant_id = c.tenant_id AND t.campaign_id = c.campaign_id
      ) a;

GRANT SELECT ON dialer.project_v, dialer.list_v, dialer.lead_v, dialer.attempt_v,
    dialer.campaign_v TO ringway_crm_api;

-- A dialer must know for which campaigns there is work: the only look across tenants. A campaign
-- that is not running any more counts as long as attempts of it are open.
CREATE FUNCTION dialer.live_campaigns()
    RETURNS TABLE (tenant_id uuid, campaign_id text, state text, version integer)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = dialer, pg_temp
    AS $$
        SELECT c.tenant_id, c.campaign_id, c.state, c.version
          FROM dialer.campaign c
         WHERE c.state = 'running'
        UNION
        SELECT c.tenant_id, c.campaign_id, c.state, c.version
          FROM dialer.campaign c
          JOIN (SELECT DISTINCT t.tenant_id, t.campaign_id
                  FROM dialer.attempt t WHERE t.ended_at IS NULL) o
            ON o.tenant_id = c.tenant_id AND o.campaign_id = c.campaign_id
    $$;
REVOKE ALL ON FUNCTION dialer.live_campaigns() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION dialer.live_campaigns() TO ringway_dialer;

-- Facts that are announced if and only if their transaction commits (ringway.runtime.outbox).
CREATE TABLE dialer.outbox (
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
CREATE INDEX outbox_in_order ON dialer.outbox (id);
ALTER TABLE dialer.outbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE dialer.outbox FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON dialer.outbox TO ringway_dialer
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON dialer.outbox TO ringway_owner USING (true) WITH CHECK (true);
-- The relay serves all tenants, and says so in its own transactions only.
CREATE POLICY relay ON dialer.outbox TO ringway_dialer
    USING (current_setting('ringway.relay', true) = 'on') WITH CHECK (false);
GRANT SELECT, INSERT, UPDATE, DELETE ON dialer.outbox TO ringway_dialer;
