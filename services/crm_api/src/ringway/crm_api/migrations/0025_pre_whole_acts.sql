-- Acts that are whole: done with their answer for repeats and their entry in the audit log.

-- A part of the work is committed, its answer is not known yet.
ALTER TABLE crm.idempotency_key ADD COLUMN has_acted boolean NOT NULL DEFAULT false;

-- What another service is asked for, until its entry is in the audit log.
CREATE TABLE crm.audit_intent (
    tenant_id      uuid NOT NULL,
    intent_id      uuid NOT NULL,
    at             timestamptz NOT NULL,
    actor_id       uuid NOT NULL,
    actor          text NOT NULL,
    role           text NOT NULL,
    action         text NOT NULL,
    object_type    text NOT NULL,
    object_id      text NOT NULL,
    detail         jsonb NOT NULL,
    client_ip      text NOT NULL,
    PRIMARY KEY (tenant_id, intent_id)
);
CREATE INDEX audit_intent_at ON crm.audit_intent (at);
ALTER TABLE crm.audit_intent ENABLE ROW LEVEL SECURITY;
ALTER TABLE crm.audit_intent FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON crm.audit_intent TO ringway_crm_api
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON crm.audit_intent TO ringway_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, DELETE ON crm.audit_intent TO ringway_crm_api;
-- FOR UPDATE asks for the right to change something.
GRANT UPDATE (at) ON crm.audit_intent TO ringway_crm_api;

-- The tenants of which an intent was left by a process that died.
CREATE FUNCTION crm.tenants_with_audit_intents(a_before timestamptz) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT DISTINCT tenant_id FROM crm.audit_intent WHERE at < a_before LIMIT 1000
$$;
ALTER FUNCTION crm.tenants_with_audit_intents(timestamptz) OWNER TO ringway_owner;
REVOKE ALL ON FUNCTION crm.tenants_with_audit_intents(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.tenants_with_audit_intents(timestamptz) TO ringway_crm_api;

-- The erasure of one person is a job, too; who is being erased already is found by it.
ALTER TABLE crm.customer_job DROP CONSTRAINT customer_job_kind_check;
ALTER TABLE crm.customer_job ADD CONSTRAINT customer_job_kind_check
    CHECK (kind IN ('import', 'bulk', 'erasure'));
