-- Caller ids: numbers that the platform allots to a tenant, and the pools in which they take turns.
CREATE TABLE dialer.caller_pool (
    tenant_id  uuid        NOT NULL,
    pool_id    text        NOT NULL,
    pool       jsonb       NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, pool_id)
);

CREATE TABLE dialer.caller_number (
    tenant_id    uuid        NOT NULL,
    phone_e164   text        NOT NULL CHECK (phone_e164 ~ '^\+[1-9][0-9]{1,14}$'),
    pool_id      text,
    agent_id     text,
    state        text        NOT NULL DEFAULT 'active'
                 CHECK (state IN ('active', 'spare', 'resting', 'flagged', 'retired')),
    daily_cap    integer     CHECK (daily_cap > 0),
    rest_until   timestamptz,
    rests        integer     NOT NULL DEFAULT 0,
    counted_from timestamptz NOT NULL DEFAULT now(),  -- older dials say nothing about it any more
    allotted_at  timestamptz NOT NULL DEFAULT now(),
    allotted_by  text        NOT NULL DEFAULT '',
    changed_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, phone_e164),
    FOREIGN KEY (tenant_id, pool_id) REFERENCES dialer.caller_pool
);
-- A number is one tenant's only; nobody reads others' rows to find that out.
CREATE UNIQUE INDEX caller_number_once ON dialer.caller_number (phone_e164);
CREATE UNIQUE INDEX caller_number_of_agent ON dialer.caller_number (tenant_id, agent_id)
    WHERE agent_id IS NOT NULL;
CREATE INDEX caller_number_in_pool ON dialer.caller_number (tenant_id, pool_id, phone_e164);
-- The last dials of a number, and its figures by day.
CREATE INDEX attempt_by_caller ON dialer.attempt (tenant_id, caller_id, attempt_id DESC)
    WHERE caller_id IS NOT NULL;

ALTER TABLE dialer.caller_pool ENABLE ROW LEVEL SECURITY;
ALTER TABLE dialer.caller_pool FORCE ROW LEVEL SECURITY;
ALTER TABLE dialer.caller_number ENABLE ROW LEVEL SECURITY;
ALTER TABLE dialer.caller_number FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON dialer.caller_pool TO ringway_dialer, ringway_crm_api
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON dialer.caller_pool TO ringway_owner USING (true) WITH CHECK (true);
CREATE POLICY tenant_isolation ON dialer.caller_number TO ringway_dialer, ringway_crm_api
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON dialer.caller_number TO ringway_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON dialer.caller_pool, dialer.caller_number TO ringway_dialer;
GRANT SELECT ON dialer.caller_pool, dialer.caller_number TO ringway_crm_api;

CREATE VIEW dialer.caller_pool_v WITH (security_invoker = true) AS
    SELECT p.tenant_id, p.pool_id, p.pool, p.changed_at,
           (SELECT count(*) FROM dialer.caller_number n
             WHERE n.tenant_id = p.tenant_id AND n.pool_id = p.pool_id) AS numbers,
           (SELECT count(*) FROM dialer.caller_number n
             WHERE n.tenant_id = p.tenant_id AND n.pool_id = p.pool_id
               AND n.state = 'active') AS numbers_active
      FROM dialer.caller_pool p;

CREATE VIEW dialer.caller_number_v WITH (security_invoker = true) AS
    SELECT tenant_id, phone_e164, pool_id, agent_id, state, daily_cap, rest_until, rests,
           allotted_at, changed_at
      FROM dialer.caller_number;

-- What became of a number's dials. rang: somebody could have seen the number.
CREATE VIEW dialer.caller_dial_v WITH (security_invoker = true) AS
    SELECT tenant_id, caller_id AS phone_e164, attempt_id, claimed_at, trunk_id,
           answered_at IS NOT NULL AS answered,
           answered_at IS NOT NULL OR disposition IN ('no_answer', 'busy', 'rejected') AS rang,
           disposition
      FROM dialer.attempt
     WHERE caller_id IS NOT NULL AND placed_at IS NOT NULL;

GRANT SELECT ON dialer.caller_pool_v, dialer.caller_number_v, dialer.caller_dial_v
    TO ringway_crm_api;
