-- The guided opening of an enterprise that fails leaves nothing: only what was never open goes.
CREATE FUNCTION crm.undo_opening(a_tenant_id uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM 1 FROM crm.tenant WHERE tenant_id = a_tenant_id AND state = 'opening' FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    DELETE FROM crm.user_account WHERE tenant_id = a_tenant_id;
    DELETE FROM crm.tenant WHERE tenant_id = a_tenant_id;
END
$$;
ALTER FUNCTION crm.undo_opening(uuid) OWNER TO ringway_owner;
REVOKE ALL ON FUNCTION crm.undo_opening(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.undo_opening(uuid) TO ringway_crm_api;
