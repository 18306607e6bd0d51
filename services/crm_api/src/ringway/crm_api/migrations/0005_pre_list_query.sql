-- Which customers a list is made of, kept so that it can be asked again.
CREATE TABLE crm.list_query (
    tenant_id     uuid        NOT NULL,
    list_id       uuid        NOT NULL,
    filter        jsonb       NOT NULL,
    last_batch_id uuid,
    created_by    uuid        NOT NULL,
    changed_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, list_id)
);
ALTER TABLE crm.list_query ENABLE ROW LEVEL SECURITY;
ALTER TABLE crm.list_query FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON crm.list_query TO ringway_crm_api
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON crm.list_query TO ringway_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON crm.list_query TO ringway_crm_api;

-- A batch of a query keeps no rows of its own: the customers are its rows.
ALTER TABLE crm.import_batch ADD COLUMN source text NOT NULL DEFAULT 'file'
    CHECK (source IN ('file', 'query'));
