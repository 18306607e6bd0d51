-- What campaigns of an enterprise have where they say nothing: hours, caps and limits.

CREATE TABLE crm.campaign_defaults (
    tenant_id  uuid        PRIMARY KEY,
    defaults   jsonb       NOT NULL DEFAULT '{}',
    version    integer     NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL
);
ALTER TABLE crm.campaign_defaults ENABLE ROW LEVEL SECURITY;
ALTER TABLE crm.campaign_defaults FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON crm.campaign_defaults TO ringway_crm_api
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON crm.campaign_defaults TO ringway_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON crm.campaign_defaults TO ringway_crm_api;

-- An opening that fails leaves none.
CREATE OR REPLACE FUNCTION crm.undo_opening(a_tenant_id uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM 1 FROM crm.tenant WHERE tenant_id = a_tenant_id AND state = 'opening' FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    DELETE FROM crm.campaign_defaults WHERE tenant_id = a_tenant_id;
    DELETE FROM crm.user_account WHERE tenant_id = a_tenant_id;
    DELETE FROM crm.tenant WHERE tenant_id = a_tenant_id;
END
$$;
