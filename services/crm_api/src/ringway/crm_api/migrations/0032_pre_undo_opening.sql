-- An opening that fails leaves nothing at all: no entry of the audit log, no password of the past.
CREATE OR REPLACE FUNCTION crm.undo_opening(a_tenant_id uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM 1 FROM crm.tenant WHERE tenant_id = a_tenant_id AND state = 'opening' FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    LOOP
        PERFORM * FROM crm.delete_tenant_rows(a_tenant_id, 20000, ARRAY['tenant']);
        EXIT WHEN NOT FOUND;
    END LOOP;
    DELETE FROM crm.tenant WHERE tenant_id = a_tenant_id;
END
$$;
