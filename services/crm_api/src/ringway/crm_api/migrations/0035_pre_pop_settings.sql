-- What agents see when an interaction arrives: fixed fields of customers, panels and their order.
CREATE TABLE crm.pop_settings (
    tenant_id  uuid        PRIMARY KEY REFERENCES crm.tenant,
    settings   jsonb       NOT NULL,
    version    integer     NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL
);
ALTER TABLE crm.pop_settings ENABLE ROW LEVEL SECURITY;
ALTER TABLE crm.pop_settings FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON crm.pop_settings TO ringway_crm_api
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON crm.pop_settings TO ringway_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON crm.pop_settings TO ringway_crm_api;
