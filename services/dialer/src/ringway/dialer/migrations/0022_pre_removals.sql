-- Projects and lists that are removed are shown no more; what was dialed of them stays.
ALTER TABLE dialer.project ADD COLUMN removed_at timestamptz;
ALTER TABLE dialer.list ADD COLUMN removed_at timestamptz;
CREATE OR REPLACE VIEW dialer.project_v WITH (security_invoker = true) AS
    SELECT tenant_id, project_id, name, created_at, changed_at FROM dialer.project
     WHERE removed_at IS NULL;
CREATE OR REPLACE VIEW dialer.list_v WITH (security_invoker = true) AS
    SELECT l.tenant_id, l.list_id, l.name, l.created_at, l.changed_at,
           n.leads_total, n.leads_open
      FROM dialer.list l
      CROSS JOIN LATERAL (
           SELECT count(*) AS leads_total,
                  count(*) FILTER (WHERE d.closed_reason IS NULL) AS leads_open
             FROM dialer.lead d
            WHERE d.tenant_id = l.tenant_id AND d.list_id = l.list_id
      ) n
     WHERE l.removed_at IS NULL;

-- A lead is removed without reading every call-back that was ever promised.
CREATE INDEX callback_of_lead ON dialer.callback (tenant_id, lead_id);
CREATE INDEX list_removed ON dialer.list (tenant_id, list_id) WHERE removed_at IS NOT NULL;

-- The leads of removed lists, of all tenants, some at a time. Those that call-backs were promised
-- to stay with these.
CREATE FUNCTION dialer.remove_leads_of_removed_lists(at_most integer) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = dialer, pg_temp
    AS $$
        WITH old AS (
            SELECT d.tenant_id, d.lead_id FROM dialer.list l
              JOIN dialer.lead d USING (tenant_id, list_id)
             WHERE l.removed_at IS NOT NULL AND d.open_attempt_id IS NULL
               AND NOT EXISTS (SELECT FROM dialer.callback c
                                WHERE c.tenant_id = d.tenant_id AND c.lead_id = d.lead_id)
             LIMIT at_most FOR UPDATE OF d SKIP LOCKED
        ), gone AS (
            DELETE FROM dialer.lead d USING old
             WHERE d.tenant_id = old.tenant_id AND d.lead_id = old.lead_id RETURNING 1
        )
        SELECT count(*) FROM gone
    $$;
REVOKE ALL ON FUNCTION dialer.remove_leads_of_removed_lists(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION dialer.remove_leads_of_removed_lists(integer) TO ringway_dialer;

-- Why a campaign is in its state; empty: somebody of the tenant asked for it.
ALTER TABLE dialer.campaign ADD COLUMN state_reason text NOT NULL DEFAULT '';
CREATE OR REPLACE VIEW dialer.campaign_v WITH (security_invoker = true) AS
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
           a.attempts, a.answered, a.connected, a.abandoned,
           c.state_reason
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
      ) a
     WHERE c.removed_at IS NULL;

-- Trunks that a tenant's campaigns may not call by, such as those that the platform lent it.
CREATE TABLE dialer.trunk_stop (
    tenant_id      uuid        NOT NULL,
    trunk_id       text        NOT NULL,
    reason         text        NOT NULL,
    stopped_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, trunk_id)
);
ALTER TABLE dialer.trunk_stop ENABLE ROW LEVEL SECURITY;
ALTER TABLE dialer.trunk_stop FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON dialer.trunk_stop TO ringway_dialer
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON dialer.trunk_stop TO ringway_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON dialer.trunk_stop TO ringway_dialer;
