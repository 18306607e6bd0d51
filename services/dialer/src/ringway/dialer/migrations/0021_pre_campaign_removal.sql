-- A campaign that is removed is shown no more; what it has dialed keeps its name (campaign_name_v).
ALTER TABLE dialer.campaign ADD COLUMN removed_at timestamptz;
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
      ) a
     WHERE c.removed_at IS NULL;
