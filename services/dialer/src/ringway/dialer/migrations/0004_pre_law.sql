-- Law and courtesy: numbers that are not called, consents, and leads that were not dialed.

-- zone: the party's own, where it is known. zone_key: under which zones he is looked for when hours
-- open (see core/law/zones.py); '' is not worked out yet and is looked at whatever the hour.
-- held_*: the law postponed him; held_from is when he was due before.
ALTER TABLE dialer.lead
    ADD COLUMN zone        text,
    ADD COLUMN zone_key    text COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN held_reason text,
    ADD COLUMN held_from   timestamptz;

-- Leads of one zone open and close together: a claim reads the zones that are open and no others,
-- so a list that waits for its hours costs nothing and is not written to.
DROP INDEX dialer.lead_to_dial, dialer.lead_due;
CREATE INDEX lead_to_dial ON dialer.lead
    (tenant_id, list_id, zone_key, priority DESC, next_attempt_at, position)
    WHERE closed_reason IS NULL AND open_attempt_id IS NULL;
-- `attempts >= 0` is always true; it keeps the planner from taking this index for the claim.
CREATE INDEX lead_due ON dialer.lead (tenant_id, list_id, zone_key, next_attempt_at)
    WHERE closed_reason IS NULL AND open_attempt_id IS NULL AND attempts >= 0;
-- To be judged again when what the law says of them has changed.
CREATE INDEX lead_held ON dialer.lead (tenant_id, list_id)
    WHERE held_reason IS NOT NULL OR closed_reason IN ('dnc', 'no_consent');

-- How often a number was dialed is counted from the attempts themselves: they are exact whatever
-- was killed when, and a number has few of them.
CREATE INDEX attempt_of_number ON dialer.attempt (tenant_id, phone_e164, claimed_at DESC);

-- Under which zones the party was dialed: what a lead is found under later may be another.
ALTER TABLE dialer.attempt ADD COLUMN zone_key text NOT NULL DEFAULT '';

CREATE TABLE dialer.dnc_list (
    tenant_id  uuid        NOT NULL,
    list_id    text        NOT NULL,
    name       text        NOT NULL,
    scope      text        NOT NULL CHECK (scope IN ('tenant', 'campaign', 'national')),
    load_no    bigint,     -- national: the file whose numbers count
    numbers    bigint      NOT NULL DEFAULT 0,  -- national: how many those are
    source     text        NOT NULL DEFAULT '',
    loaded_at  timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, list_id)
);

CREATE TABLE dialer.dnc_entry (
    tenant_id  uuid        NOT NULL,
    phone_e164 text        NOT NULL CHECK (phone_e164 ~ '^\+[1-9][0-9]{1,14}$'),
    list_id    text        NOT NULL,
    source     text        NOT NULL,
    reason     text        NOT NULL DEFAULT '',
    added_by   text        NOT NULL DEFAULT '',
    added_at   timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    PRIMARY KEY (tenant_id, phone_e164, list_id),
    FOREIGN KEY (tenant_id, list_id) REFERENCES dialer.dnc_list
);
CREATE INDEX dnc_entry_of_list ON dialer.dnc_entry (tenant_id, list_id, phone_e164);

-- A file that replaces a national list; its numbers count when the list names it.
CREATE TABLE dialer.dnc_load (
    tenant_id  uuid        NOT NULL,
    load_no    bigint      GENERATED ALWAYS AS IDENTITY,
    list_id    text        NOT NULL,
    load_id    text        NOT NULL,
    state      text        NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'counts', 'over')),
    numbers    bigint,
    started_at timestamptz NOT NULL DEFAULT now(),
    ended_at   timestamptz,
    PRIMARY KEY (tenant_id, load_no),
    UNIQUE (tenant_id, list_id, load_id)
);
-- Digits as a number: a quarter of the space, for lists of hundreds of millions.
CREATE TABLE dialer.dnc_number (
    tenant_id uuid   NOT NULL,
    number    bigint NOT NULL,
    load_no   bigint NOT NULL,
    PRIMARY KEY (tenant_id, load_no, number)
);

-- What was done to lists, for good.
CREATE TABLE dialer.dnc_change (
    tenant_id  uuid        NOT NULL,
    change_id  uuid        NOT NULL,
    list_id    text        NOT NULL,
    action     text        NOT NULL CHECK (action IN ('added', 'removed', 'replaced', 'deleted')),
    phone_e164 text,
    numbers    bigint      NOT NULL DEFAULT 1,
    source     text        NOT NULL DEFAULT '',
    reason     text        NOT NULL DEFAULT '',
    done_by    text        NOT NULL DEFAULT '',
    done_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, change_id)
);
CREATE INDEX dnc_change_of_number ON dialer.dnc_change (tenant_id, phone_e164, done_at);
CREATE INDEX dnc_change_in_time ON dialer.dnc_change (tenant_id, done_at);

CREATE TABLE dialer.consent (
    tenant_id    uuid        NOT NULL,
    consent_id   text        NOT NULL,
    phone_e164   text        NOT NULL CHECK (phone_e164 ~ '^\+[1-9][0-9]{1,14}$'),
    purpose      text        NOT NULL,
    how          text        NOT NULL,
    evidence     text        NOT NULL DEFAULT '',
    given_at     timestamptz NOT NULL,
    recorded_at  timestamptz NOT NULL DEFAULT now(),
    recorded_by  text        NOT NULL DEFAULT '',
    withdrawn_at timestamptz,
    withdrawn_by text        NOT NULL DEFAULT '',
    PRIMARY KEY (tenant_id, consent_id)
);
CREATE INDEX consent_of_number ON dialer.consent (tenant_id, phone_e164, purpose, given_at);

-- A lead that was due and was not dialed, with one reason. Without lead_id: all leads of a list
-- that wait for the hours of one zone, counted when they began to wait.
CREATE TABLE dialer.refusal (
    tenant_id   uuid        NOT NULL,
    refusal_id  uuid        NOT NULL,
    campaign_id text        NOT NULL,
    list_id     text        NOT NULL DEFAULT '',
    lead_id     text,
    phone_e164  text,
    reason      text        NOT NULL,
    until       timestamptz,
    zone_key    text        NOT NULL DEFAULT '',
    leads       bigint      NOT NULL DEFAULT 1,
    refused_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, refusal_id)
);
CREATE INDEX refusal_of_campaign ON dialer.refusal (tenant_id, campaign_id, refusal_id DESC);
CREATE INDEX refusal_of_number ON dialer.refusal (tenant_id, phone_e164, refusal_id DESC)
    WHERE phone_e164 IS NOT NULL;
CREATE UNIQUE INDEX refusal_of_zone ON dialer.refusal (tenant_id, campaign_id, zone_key, until)
    NULLS NOT DISTINCT WHERE lead_id IS NULL;

ALTER TABLE dialer.dnc_list ENABLE ROW LEVEL SECURITY;
ALTER TABLE dialer.dnc_list FORCE ROW LEVEL SECURITY;
ALTER TABLE dialer.dnc_entry ENABLE ROW LEVEL SECURITY;
ALTER TABLE dialer.dnc_entry FORCE ROW LEVEL SECURITY;
ALTER TABLE dialer.dnc_load ENABLE ROW LEVEL SECURITY;
ALTER TABLE dialer.dnc_load FORCE ROW LEVEL SECURITY;
ALTER TABLE dialer.dnc_number ENABLE ROW LEVEL SECURITY;
ALTER TABLE dialer.dnc_number FORCE ROW LEVEL SECURITY;
ALTER TABLE dialer.dnc_change ENABLE ROW LEVEL SECURITY;
ALTER TABLE dialer.dnc_change FORCE ROW LEVEL SECURITY;
ALTER TABLE dialer.consent ENABLE ROW LEVEL SECURITY;
ALTER TABLE dialer.consent FORCE ROW LEVEL SECURITY;
ALTER TABLE dialer.refusal ENABLE ROW LEVEL SECURITY;
ALTER TABLE dialer.refusal FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON dialer.dnc_list TO ringway_dialer, ringway_crm_api
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON dialer.dnc_list TO ringway_owner USING (true) WITH CHECK (true);
CREATE POLICY tenant_isolation ON dialer.dnc_entry TO ringway_dialer, ringway_crm_api
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON dialer.dnc_entry TO ringway_owner USING (true) WITH CHECK (true);
CREATE POLICY tenant_isolation ON dialer.dnc_load TO ringway_dialer, ringway_crm_api
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON dialer.dnc_load TO ringway_owner USING (true) WITH CHECK (true);
CREATE POLICY tenant_isolation ON dialer.dnc_number TO ringway_dialer, ringway_crm_api
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON dialer.dnc_number TO ringway_owner USING (true) WITH CHECK (true);
CREATE POLICY tenant_isolation ON dialer.dnc_change TO ringway_dialer, ringway_crm_api
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON dialer.dnc_change TO ringway_owner USING (true) WITH CHECK (true);
CREATE POLICY tenant_isolation ON dialer.consent TO ringway_dialer, ringway_crm_api
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON dialer.consent TO ringway_owner USING (true) WITH CHECK (true);
CREATE POLICY tenant_isolation ON dialer.refusal TO ringway_dialer, ringway_crm_api
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON dialer.refusal TO ringway_owner USING (true) WITH CHECK (true);
-- What the platform's own tenant has loaded counts for everybody, and nobody else can change it.
CREATE POLICY of_the_platform ON dialer.dnc_list FOR SELECT TO ringway_dialer, ringway_crm_api
    USING (tenant_id = '00000000-0000-0000-0000-000000000000');
CREATE POLICY of_the_platform ON dialer.dnc_number FOR SELECT TO ringway_dialer
    USING (tenant_id = '00000000-0000-0000-0000-000000000000');

GRANT SELECT, INSERT, UPDATE, DELETE ON dialer.dnc_list, dialer.dnc_entry, dialer.dnc_load,
    dialer.dnc_number TO ringway_dialer;
GRANT SELECT, INSERT ON dialer.dnc_change, dialer.refusal TO ringway_dialer;
GRANT SELECT, INSERT, UPDATE ON dialer.consent TO ringway_dialer;
GRANT SELECT ON dialer.dnc_list, dialer.dnc_entry, dialer.dnc_change, dialer.consent,
    dialer.refusal TO ringway_crm_api;

CREATE VIEW dialer.dnc_list_v WITH (security_invoker = true) AS
    SELECT l.tenant_id, l.list_id, l.name, l.scope, l.source, l.loaded_at, l.created_at,
           l.changed_at,
           CASE l.scope WHEN 'national' THEN l.numbers
                ELSE (SELECT count(*) FROM dialer.dnc_entry e
                       WHERE e.tenant_id = l.tenant_id AND e.list_id = l.list_id) END AS numbers
      FROM dialer.dnc_list l;
CREATE VIEW dialer.dnc_entry_v WITH (security_invoker = true) AS
    SELECT tenant_id, list_id, phone_e164, source, reason, added_by, added_at, expires_at
      FROM dialer.dnc_entry;
CREATE VIEW dialer.dnc_change_v WITH (security_invoker = true) AS
    SELECT tenant_id, change_id, list_id, action, phone_e164, numbers, source, reason, done_by,
           done_at
      FROM dialer.dnc_change;
CREATE VIEW dialer.consent_v WITH (security_invoker = true) AS
    SELECT tenant_id, consent_id, phone_e164, purpose, how, evidence, given_at, recorded_at,
           recorded_by, withdrawn_at, withdrawn_by
      FROM dialer.consent;
CREATE VIEW dialer.refusal_v WITH (security_invoker = true) AS
    SELECT tenant_id, refusal_id, campaign_id, list_id, lead_id, phone_e164, reason, until,
           zone_key, leads, refused_at
      FROM dialer.refusal;
-- What proves how somebody was called. Machines are not persons; who hung up early is one.
CREATE VIEW dialer.attempt_proof_v WITH (security_invoker = true) AS
    SELECT tenant_id, attempt_id, interaction_id, campaign_id, list_id, lead_id, attempt_no,
           phone_e164, caller_id, mode, zone_key, claimed_at,
           coalesce(placed_at, claimed_at) AS dialed_at, answered_at, ended_at, disposition,
           agent_id, cause_q850, tech_cause,
           answered_at IS NOT NULL AND coalesce(disposition, outcome, '') <> 'machine' AS is_live,
           coalesce(disposition, outcome, '') = 'abandoned' AS is_abandoned
      FROM dialer.attempt WHERE placed_at IS NOT NULL OR ended_at IS NOT NULL;
GRANT SELECT ON dialer.dnc_list_v, dialer.dnc_entry_v, dialer.dnc_change_v, dialer.consent_v,
    dialer.refusal_v, dialer.attempt_proof_v TO ringway_crm_api;

-- Numbers of files that count no more, of all tenants: so many are removed at a time.
CREATE FUNCTION dialer.remove_old_dnc_numbers(at_most integer) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = dialer, pg_temp
    AS $$
        WITH old AS (
            SELECT n.ctid FROM dialer.dnc_load l
              JOIN dialer.dnc_number n USING (tenant_id, load_no)
             WHERE l.state = 'over' OR (l.state = 'open' AND l.started_at < now() - interval '1 day')
             LIMIT at_most
        ), gone AS (
            DELETE FROM dialer.dnc_number n USING old WHERE n.ctid = old.ctid RETURNING 1
        )
        SELECT count(*) FROM gone
    $$;
REVOKE ALL ON FUNCTION dialer.remove_old_dnc_numbers(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION dialer.remove_old_dnc_numbers(integer) TO ringway_dialer;
