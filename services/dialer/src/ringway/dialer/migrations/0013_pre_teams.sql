-- Who is in a team, as the CRM tells it: campaigns name teams beside single agents.
CREATE TABLE dialer.team (
    tenant_id      uuid NOT NULL,
    team_id        text NOT NULL,
    agent_ids      text[] NOT NULL,
    changed_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, team_id)
);
ALTER TABLE dialer.team ENABLE ROW LEVEL SECURITY;
ALTER TABLE dialer.team FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON dialer.team TO ringway_dialer, ringway_crm_api
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON dialer.team TO ringway_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON dialer.team TO ringway_dialer;
GRANT SELECT ON dialer.team TO ringway_crm_api;

-- Everybody who serves a campaign.
CREATE VIEW dialer.campaign_agent_v WITH (security_invoker = true) AS
    SELECT c.tenant_id, c.campaign_id, a.agent_id
      FROM dialer.campaign c
      CROSS JOIN LATERAL jsonb_array_elements_text(c.spec -> 'agent_ids') AS a (agent_id)
     UNION
    SELECT c.tenant_id, c.campaign_id, unnest(t.agent_ids)
      FROM dialer.campaign c
      CROSS JOIN LATERAL jsonb_array_elements_text(c.spec -> 'team_ids') AS n (team_id)
      JOIN dialer.team t ON t.tenant_id = c.tenant_id AND t.team_id = n.team_id;
GRANT SELECT ON dialer.campaign_agent_v TO ringway_crm_api;
