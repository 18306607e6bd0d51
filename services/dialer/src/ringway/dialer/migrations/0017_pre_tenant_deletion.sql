-- The rows of an enterprise that is deleted.
-- Remove up to about a_at_most rows of a tenant, and return how many of which table; nothing when
-- none is left. Tables that refer to others come first; triggers that keep rows for ever see
-- that it is the whole tenant that goes.
CREATE FUNCTION dialer.delete_tenant_rows(a_tenant_id uuid, a_at_most integer, a_kept text[])
RETURNS TABLE (table_name text, removed bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    each record;
    total bigint := 0;
    is_left boolean := false;
    is_any boolean;
    blocked text := '';
BEGIN
    PERFORM set_config('ringway.deleting_tenant', a_tenant_id::text, true);
    FOR each IN
        WITH RECURSIVE owned AS (
            SELECT c.oid, c.relname::text AS name FROM pg_class c
              JOIN pg_namespace n ON n.oid = c.relnamespace
              JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
             WHERE n.nspname = 'dialer' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
               AND NOT c.relname = ANY (a_kept)
        ), refers AS (
            SELECT DISTINCT k.conrelid AS child, k.confrelid AS parent FROM pg_constraint k
             WHERE k.contype = 'f' AND k.conrelid <> k.confrelid
        ), depth AS (
            SELECT oid, name, 0 AS level FROM owned
            UNION
            SELECT o.oid, o.name, d.level + 1 FROM depth d
              JOIN refers r ON r.child = d.oid JOIN owned o ON o.oid = r.parent
             WHERE d.level < 20
        )
        SELECT d.name, max(d.level) AS level,
               EXISTS (SELECT 1 FROM pg_constraint k WHERE k.contype = 'f'
                          AND k.conrelid = d.oid AND k.confrelid = d.oid) AS is_tree
          FROM depth d GROUP BY d.oid, d.name ORDER BY 2, 1
    LOOP
        EXIT WHEN total >= a_at_most;
        BEGIN
            EXECUTE format(
                'DELETE FROM dialer.%I WHERE tenant_id = $1 AND ctid = ANY (ARRAY('
                'SELECT ctid FROM dialer.%I WHERE tenant_id = $1 LIMIT $2))',
                each.name, each.name)
            USING a_tenant_id, CASE WHEN each.is_tree THEN NULL ELSE a_at_most END;
            GET DIAGNOSTICS removed = ROW_COUNT;
        EXCEPTION WHEN foreign_key_violation THEN
            removed := 0;
        END;
        IF removed > 0 THEN
            total := total + removed;
            table_name := each.name;
            RETURN NEXT;
        ELSE
            EXECUTE format(
                'SELECT EXISTS (SELECT 1 FROM dialer.%I WHERE tenant_id = $1)', each.name)
               INTO is_any USING a_tenant_id;
            IF is_any THEN
                is_left := true;
                blocked := each.name;
            END IF;
        END IF;
    END LOOP;
    IF total = 0 AND is_left THEN
        RAISE EXCEPTION 'rows of % cannot be removed', blocked;
    END IF;
END
$$;
ALTER FUNCTION dialer.delete_tenant_rows(uuid, integer, text[]) OWNER TO ringway_owner;
REVOKE ALL ON FUNCTION dialer.delete_tenant_rows(uuid, integer, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION dialer.delete_tenant_rows(uuid, integer, text[]) TO ringway_dialer;
