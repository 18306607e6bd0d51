-- What was found for interactions (R17) is kept for a while, not for ever.
CREATE INDEX attached_data_age ON crm.attached_data (attached_at);

-- Removes some of all tenants' that is older; how many. Replicas leave each other's rows alone.
CREATE FUNCTION crm.prune_attached_data(a_before timestamptz, a_most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    WITH old AS MATERIALIZED (
        SELECT tenant_id, interaction_id, object_id FROM crm.attached_data
         WHERE attached_at < a_before ORDER BY attached_at LIMIT a_most FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM crm.attached_data d USING old
         WHERE d.tenant_id = old.tenant_id AND d.interaction_id = old.interaction_id
           AND d.object_id = old.object_id
        RETURNING 1
    )
    SELECT count(*) FROM gone
$$;
ALTER FUNCTION crm.prune_attached_data(timestamptz, integer) OWNER TO ringway_owner;
REVOKE ALL ON FUNCTION crm.prune_attached_data(timestamptz, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.prune_attached_data(timestamptz, integer) TO ringway_crm_api;
