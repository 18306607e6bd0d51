-- Call-backs, and what agents say of calls.

-- An open call-back holds its lead: the list has it again at missed_at (lead.next_attempt_at), and
-- until then it is claimed as a call-back or not at all. "Offered" is not written down: it is open
-- and its lead is in the attempt attempt_id, so a claim that is taken back leaves nothing behind.
CREATE TABLE dialer.callback (
    tenant_id    uuid        NOT NULL,
    callback_id  text        NOT NULL,
    campaign_id  text        NOT NULL,
    lead_id      text        NOT NULL,
    agent_id     text,                    -- promised with him; NULL: the team
    due_at       timestamptz NOT NULL,
    zone         text        NOT NULL,    -- the customer's, in which the time was agreed
    early_s      float8      NOT NULL DEFAULT 0,
    try_at       timestamptz NOT NULL,    -- not dialed before
    escalates_at timestamptz,             -- personal: when the team takes over
    missed_at    timestamptz NOT NULL,
    look_at      timestamptz,             -- open: the next of the two before
    escalated_at timestamptz,
    note         text        NOT NULL DEFAULT '',
    state        text        NOT NULL DEFAULT 'open'
                 CHECK (state IN ('open', 'done', 'missed', 'cancelled')),
    reason       text        NOT NULL DEFAULT '',  -- why it is over
    held_reason  text,                    -- why the law refused it last
    attempt_id   uuid,                    -- the last attempt that was made for it
    tries        integer     NOT NULL DEFAULT 0,
    back_closed  text,                    -- what the lead was before: a cancel brings it back
    back_due_at  timestamptz NOT NULL,
    source       uuid,                    -- the attempt whose disposition made it
    made_by      text        NOT NULL DEFAULT '',
    made_at      timestamptz NOT NULL DEFAULT now(),
    changed_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, callback_id),
    FOREIGN KEY (tenant_id, lead_id) REFERENCES dialer.lead,
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES dialer.campaign,
    CHECK ((state = 'open') = (look_at IS NOT NULL))
);
CREATE UNIQUE INDEX callback_open_lead ON dialer.callback (tenant_id, lead_id)
    WHERE state = 'open';
-- The order in which they are claimed, ahead of the list.
CREATE INDEX callback_to_dial ON dialer.callback (tenant_id, campaign_id, try_at, callback_id)
    WHERE state = 'open';
CREATE INDEX callback_overdue ON dialer.callback (look_at) WHERE state = 'open';
CREATE INDEX callback_of_campaign ON dialer.callback (tenant_id, campaign_id, due_at, callback_id);
CREATE INDEX callback_of_agent ON dialer.callback (tenant_id, agent_id, due_at, callback_id)
    WHERE agent_id IS NOT NULL;

-- The tenant's changes of the default catalogue (core/dispositions.py).
CREATE TABLE dialer.disposition (
    tenant_id   uuid        NOT NULL,
    code        text        NOT NULL,
    disposition jsonb       NOT NULL,
    changed_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, code)
);

-- What was said of an attempt, and how its lead was before: another word begins from there.
CREATE TABLE dialer.agent_disposition (
    tenant_id      uuid        NOT NULL,
    attempt_id     uuid        NOT NULL,
    interaction_id uuid        NOT NULL,
    campaign_id    text        NOT NULL,
    lead_id        text        NOT NULL,
    code           text        NOT NULL,
    disposition    jsonb       NOT NULL,  -- the entry as it was then
    note           text        NOT NULL DEFAULT '',
    wish           jsonb,                 -- the call-back that was asked for
    set_by         text        NOT NULL DEFAULT '',
    set_at         timestamptz NOT NULL,
    is_applied     boolean     NOT NULL DEFAULT false,  -- once the attempt has ended
    back_closed    text,
    back_due_at    timestamptz,
    back_grade     text,
    dnc_added      boolean     NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, attempt_id)
);
CREATE INDEX agent_disposition_of_campaign ON dialer.agent_disposition
    (tenant_id, campaign_id, attempt_id DESC);

ALTER TABLE dialer.lead ADD COLUMN grade text;

ALTER TABLE dialer.callback ENABLE ROW LEVEL SECURITY;
ALTER TABLE dialer.callback FORCE ROW LEVEL SECURITY;
ALTER TABLE dialer.disposition ENABLE ROW LEVEL SECURITY;
ALTER TABLE dialer.disposition FORCE ROW LEVEL SECURITY;
ALTER TABLE dialer.agent_disposition ENABLE ROW LEVEL SECURITY;
ALTER TABLE dialer.agent_disposition FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON dialer.callback TO ringway_dialer, ringway_crm_api
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON dialer.callback TO ringway_owner USING (true) WITH CHECK (true);
CREATE POLICY tenant_isolation ON dialer.disposition TO ringway_dialer, ringway_crm_api
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON dialer.disposition TO ringway_owner USING (true) WITH CHECK (true);
CREATE POLICY tenant_isolation ON dialer.agent_disposition TO ringway_dialer, ringway_crm_api
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON dialer.agent_disposition TO ringway_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON dialer.callback, dialer.disposition, dialer.agent_disposition
    TO ringway_dialer;
GRANT SELECT ON dialer.callback, dialer.disposition, dialer.agent_disposition TO ringway_crm_api;

CREATE VIEW dialer.callback_v WITH (security_invoker = true) AS
    SELECT c.tenant_id, c.callback_id, c.campaign_id, c.lead_id, l.phone_e164, l.name AS lead_name,
           c.agent_id, c.due_at, c.zone, c.due_at AT TIME ZONE c.zone AS local_time, c.early_s,
           c.missed_at, c.escalates_at, c.escalated_at, c.note,
           CASE WHEN c.state = 'open' AND l.open_attempt_id = c.attempt_id THEN 'offered'
                ELSE c.state END AS state,
           c.reason, c.attempt_id, c.tries, c.made_by, c.made_at, c.changed_at
      FROM dialer.callback c
      JOIN dialer.lead l ON l.tenant_id = c.tenant_id AND l.lead_id = c.lead_id;

CREATE VIEW dialer.disposition_v WITH (security_invoker = true) AS
    SELECT tenant_id, code, disposition, changed_at FROM dialer.disposition;

CREATE VIEW dialer.agent_disposition_v WITH (security_invoker = true) AS
    SELECT tenant_id, attempt_id, interaction_id, campaign_id, lead_id, code, disposition, note,
           set_by, set_at
      FROM dialer.agent_disposition;

GRANT SELECT ON dialer.callback_v, dialer.disposition_v, dialer.agent_disposition_v
    TO ringway_crm_api;

-- Which tenants have call-backs whose time passed, whether or not their campaigns run.
CREATE FUNCTION dialer.tenants_with_late_callbacks(at timestamptz) RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = dialer, pg_temp
    AS $$ SELECT DISTINCT c.tenant_id FROM dialer.callback c
           WHERE c.state = 'open' AND c.look_at <= at $$;
REVOKE ALL ON FUNCTION dialer.tenants_with_late_callbacks(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION dialer.tenants_with_late_callbacks(timestamptz) TO ringway_dialer;
