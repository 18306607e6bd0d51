-- Which services are part of this installation: they answered once. Nothing works without the ACD.
ALTER TABLE crm.alarm_look ADD COLUMN services text[] NOT NULL DEFAULT '{acd}';

-- When each thing was told of last, whether it works or not: facts that wait while NATS is away
-- come in another order than they were told in.
CREATE TABLE crm.alarm_told (
    tenant_id uuid        NOT NULL,
    kind      text        NOT NULL,
    object_id text        NOT NULL,
    told_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, kind, object_id)
);
ALTER TABLE crm.alarm_told ENABLE ROW LEVEL SECURITY;
ALTER TABLE crm.alarm_told FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON crm.alarm_told TO ringway_crm_api
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON crm.alarm_told TO ringway_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON crm.alarm_told TO ringway_crm_api;

CREATE OR REPLACE FUNCTION crm.prune_alarms(a_now timestamptz) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    WITH gone AS (
        DELETE FROM crm.alarm WHERE cleared_at < a_now - interval '400 days' RETURNING 1),
    untold AS (
        DELETE FROM crm.alarm_told WHERE told_at < a_now - interval '400 days' RETURNING 1)
    SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM untold)
$$;
