-- What tenants configure: skills, queues, calendars, routes ... one row an object, its body as
-- the contract's typed model. Nobody else reads it: crm_api asks on the bus.
CREATE TABLE acd.config (
    tenant_id  uuid        NOT NULL,
    kind       text        NOT NULL,
    object_id  text        NOT NULL,
    version    integer     NOT NULL CHECK (version >= 1),
    body       jsonb       NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, kind, object_id)
);

ALTER TABLE acd.config ENABLE ROW LEVEL SECURITY;
ALTER TABLE acd.config FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant_isolation ON acd.config TO ringway_acd
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON acd.config TO ringway_owner USING (true) WITH CHECK (true);

GRANT SELECT, INSERT, UPDATE, DELETE ON acd.config TO ringway_acd;

CREATE OR REPLACE FUNCTION acd.tenants() RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = acd, pg_temp
    AS $$
        SELECT tenant_id FROM acd.agent UNION SELECT tenant_id FROM acd.trunk
        UNION SELECT tenant_id FROM acd.config
    $$;
