-- Campaigns without their figures: for lists of attempts that name them, where counting costs.
CREATE VIEW dialer.campaign_name_v WITH (security_invoker = true) AS
    SELECT c.tenant_id, c.campaign_id, c.project_id, c.name, c.state, c.spec ->> 'mode' AS mode,
           p.name AS project, c.created_at, c.started_at, c.finished_at
      FROM dialer.campaign c JOIN dialer.project p USING (tenant_id, project_id);
GRANT SELECT ON dialer.campaign_name_v TO ringway_crm_api;
