-- For how long an enterprise keeps what was refused and what was done to its lists; without a row the
-- platform's period counts.
CREATE TABLE dialer.retention (
    tenant_id       uuid        NOT NULL PRIMARY KEY,
    refusal_days    integer     NOT NULL CHECK (refusal_days >= 30),
    dnc_change_days integer     NOT NULL CHECK (dnc_change_days >= 30),
    changed_by      text        NOT NULL DEFAULT '',
    changed_at      timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE dialer.retention ENABLE ROW LEVEL SECURITY;
ALTER TABLE dialer.retention FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON dialer.retention TO ringway_dialer
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON dialer.retention TO ringway_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON dialer.retention TO ringway_dialer;

-- Of all tenants, some at a time. Ids of refusals begin with their time, so no further index is
-- needed; what was done to a number that is still on its list is kept for as long as it is.
CREATE FUNCTION dialer.remove_old_proofs(a_now timestamptz, default_days integer, at_most integer)
    RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = dialer, pg_temp
    AS $$
DECLARE
    total bigint := 0;
    part bigint;
BEGIN
    WITH RECURSIVE tenant AS (
        (SELECT tenant_id FROM dialer.refusal ORDER BY tenant_id LIMIT 1)
        UNION ALL
        SELECT (SELECT tenant_id FROM dialer.refusal WHERE tenant_id > tenant.tenant_id
                 ORDER BY tenant_id LIMIT 1)
          FROM tenant WHERE tenant.tenant_id IS NOT NULL
    ), old AS (
        SELECT r.tenant_id, r.refusal_id
          FROM tenant t
          LEFT JOIN dialer.retention k ON k.tenant_id = t.tenant_id
         CROSS JOIN LATERAL (
               SELECT a_now - make_interval(days => coalesce(k.refusal_days, default_days)) AS at
               ) since
         CROSS JOIN LATERAL (
               SELECT tenant_id, refusal_id FROM dialer.refusal
                WHERE tenant_id = t.tenant_id AND refused_at < since.at
                  AND refusal_id < (lpad(to_hex((extract(epoch FROM since.at) * 1000)::bigint + 1),
                                         12, '0') || repeat('0', 20))::uuid
                LIMIT at_most
               ) r
         WHERE t.tenant_id IS NOT NULL
         LIMIT at_most
    )
    DELETE FROM dialer.refusal d USING old
     WHERE d.tenant_id = old.tenant_id AND d.refusal_id = old.refusal_id;
    GET DIAGNOSTICS part = ROW_COUNT; total := total + part;
    WITH RECURSIVE tenant AS (
        (SELECT tenant_id FROM dialer.dnc_change ORDER BY tenant_id LIMIT 1)
        UNION ALL
        SELECT (SELECT tenant_id FROM dialer.dnc_change WHERE tenant_id > tenant.tenant_id
                 ORDER BY tenant_id LIMIT 1)
          FROM tenant WHERE tenant.tenant_id IS NOT NULL
    ), old AS (
        SELECT c.tenant_id, c.change_id
          FROM tenant t
          LEFT JOIN dialer.retention k ON k.tenant_id = t.tenant_id
         CROSS JOIN LATERAL (
               SELECT tenant_id, change_id FROM dialer.dnc_change c
                WHERE tenant_id = t.tenant_id
                  AND done_at < a_now
                      - make_interval(days => coalesce(k.dnc_change_days, default_days))
                  AND NOT (action = 'added' AND EXISTS (
                      SELECT FROM dialer.dnc_entry e
                       WHERE e.tenant_id = c.tenant_id AND e.list_id = c.list_id
                         AND e.phone_e164 = c.phone_e164))
                LIMIT at_most
               ) c
         WHERE t.tenant_id IS NOT NULL
         LIMIT at_most
    )
    DELETE FROM dialer.dnc_change d USING old
     WHERE d.tenant_id = old.tenant_id AND d.change_id = old.change_id;
    GET DIAGNOSTICS part = ROW_COUNT;
    RETURN total + part;
END
$$;
REVOKE ALL ON FUNCTION dialer.remove_old_proofs(timestamptz, integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION dialer.remove_old_proofs(timestamptz, integer, integer) TO ringway_dialer;
