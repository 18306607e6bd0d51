-- Where the open orders of somebody who left went last: an order that opens again goes there, too.
-- Neither user nor team: to whoever has the order's customer.
CREATE TABLE crm.sales_order_heir (
    tenant_id     uuid NOT NULL REFERENCES crm.tenant,
    from_user_id  uuid NOT NULL,
    to_user_id    uuid,
    to_team_id    uuid,
    at            timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, from_user_id),
    CHECK (to_user_id IS NULL OR to_team_id IS NULL)
);
ALTER TABLE crm.sales_order_heir ENABLE ROW LEVEL SECURITY;
ALTER TABLE crm.sales_order_heir FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON crm.sales_order_heir TO ringway_crm_api
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON crm.sales_order_heir TO ringway_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON crm.sales_order_heir TO ringway_crm_api;
