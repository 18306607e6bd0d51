-- Tenants whose outbound service the platform has stopped.
CREATE TABLE dialer.outbound_stop (
    tenant_id      uuid PRIMARY KEY,
    reason         text NOT NULL,
    stopped_at     timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE dialer.outbound_stop ENABLE ROW LEVEL SECURITY;
ALTER TABLE dialer.outbound_stop FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON dialer.outbound_stop TO ringway_dialer
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON dialer.outbound_stop TO ringway_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON dialer.outbound_stop TO ringway_dialer;
