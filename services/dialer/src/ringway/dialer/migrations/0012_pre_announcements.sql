-- What the network says of a number before anybody answers, and by which recordings it is known.
ALTER TABLE dialer.attempt
    ADD COLUMN number_state        text,  -- vacant, suspended, barred, powered_off ...
    ADD COLUMN number_state_reason text;  -- a recording's id, or the tones

-- samples: 16 bit, little-endian, one channel at 8 kHz.
CREATE TABLE dialer.announcement (
    tenant_id       uuid        NOT NULL,
    announcement_id text        NOT NULL,
    name            text        NOT NULL,
    meaning         text        NOT NULL,
    samples         bytea       NOT NULL,
    duration_s      real        NOT NULL,
    used_s          real        NOT NULL,  -- neither silence nor tones
    revision        bigint      NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL DEFAULT now(),
    changed_at      timestamptz NOT NULL DEFAULT now(),
    changed_by      text        NOT NULL DEFAULT '',
    PRIMARY KEY (tenant_id, announcement_id)
);
ALTER TABLE dialer.announcement ALTER COLUMN samples SET STORAGE EXTERNAL;
ALTER TABLE dialer.announcement ENABLE ROW LEVEL SECURITY;
ALTER TABLE dialer.announcement FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON dialer.announcement TO ringway_dialer, ringway_crm_api
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON dialer.announcement TO ringway_owner USING (true) WITH CHECK (true);
-- The platform's own recordings are everybody's, and nobody else can change them.
CREATE POLICY of_the_platform ON dialer.announcement FOR SELECT TO ringway_dialer, ringway_crm_api
    USING (tenant_id = '00000000-0000-0000-0000-000000000000');
GRANT SELECT, INSERT, UPDATE, DELETE ON dialer.announcement TO ringway_dialer;
GRANT SELECT ON dialer.announcement TO ringway_crm_api;

CREATE VIEW dialer.announcement_v WITH (security_invoker = true) AS
    SELECT tenant_id, announcement_id, name, meaning, duration_s, used_s, created_at, changed_at,
           changed_by
      FROM dialer.announcement;
GRANT SELECT ON dialer.announcement_v TO ringway_crm_api;

CREATE OR REPLACE VIEW dialer.attempt_v WITH (security_invoker = true) AS
    SELECT tenant_id, attempt_id, interaction_id, campaign_id, list_id, lead_id, attempt_no,
           phone_e164, caller_id, mode, trunk_id, node, claimed_at, placed_at AS started_at,
           answered_at, ended_at, disposition, cause_q850, tech_cause, agent_id,
           answerer, answerer_reason, detected_after_ms, message_left, script_answer,
           number_state, number_state_reason
      FROM dialer.attempt;

-- A list's leads in the order of import: pages of them, and what a campaign found out about them.
CREATE INDEX lead_in_order ON dialer.lead (tenant_id, list_id, position);

-- What a campaign found out about each number that it dialed: by its last attempt.
CREATE VIEW dialer.screened_v WITH (security_invoker = true) AS
    SELECT l.tenant_id, t.campaign_id, l.list_id, l.position, l.lead_id, t.phone_e164, l.name,
           l.data, l.priority, coalesce(n.zone, l.zone) AS zone, t.attempts, t.disposition,
           t.number_state, t.number_state_reason, t.cause_q850, t.tech_cause,
           t.ended_at AS last_attempt_at,
           CASE WHEN t.disposition = 'invalid_number'
                     OR t.number_state IN ('vacant', 'suspended', 'barred') THEN 'dead'
                WHEN t.disposition IN ('failed', 'congestion', 'cancelled', 'lost') THEN 'unknown'
                ELSE 'alive' END AS verdict
      FROM dialer.lead l
      CROSS JOIN LATERAL (
           SELECT DISTINCT ON (a.campaign_id, a.phone_e164)
                  a.campaign_id, a.phone_e164, a.disposition, a.number_state,
                  a.number_state_reason, a.cause_q850, a.tech_cause, a.ended_at,
                  count(*) OVER (PARTITION BY a.campaign_id, a.phone_e164) AS attempts
             FROM dialer.attempt a
            WHERE a.tenant_id = l.tenant_id AND a.lead_id = l.lead_id AND a.ended_at IS NOT NULL
            ORDER BY a.campaign_id, a.phone_e164, a.attempt_id DESC
      ) t
      LEFT JOIN dialer.lead_number n
             ON n.tenant_id = l.tenant_id AND n.lead_id = l.lead_id
                AND n.phone_e164 = t.phone_e164;
GRANT SELECT ON dialer.screened_v TO ringway_crm_api;
