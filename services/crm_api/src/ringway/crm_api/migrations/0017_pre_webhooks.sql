-- Webhooks: endpoints of an enterprise, what they are told, and how that went.
CREATE TABLE crm.webhook (
    tenant_id       uuid NOT NULL REFERENCES crm.tenant,
    webhook_id      uuid NOT NULL,
    url             text NOT NULL,
    event_types     text[] NOT NULL,
    sees            text[] NOT NULL,        -- the permissions of whoever saved it last
    description     text NOT NULL,
    secret          bytea NOT NULL,
    old_secret      bytea,
    old_until       timestamptz,
    is_enabled      boolean NOT NULL,
    disabled_reason text NOT NULL DEFAULT '',
    failures        integer NOT NULL DEFAULT 0, -- since the last success
    failing_since   timestamptz,
    paused_until    timestamptz,
    last_success_at timestamptz,
    version         integer NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, webhook_id)
);

-- An event as it is sent, kept once for all endpoints.
CREATE TABLE crm.webhook_event (
    tenant_id      uuid NOT NULL,
    event_id       text NOT NULL,
    type           text NOT NULL,
    body           text NOT NULL,
    created_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, event_id)
);
CREATE INDEX webhook_event_created ON crm.webhook_event (created_at);

-- held: the endpoint was switched off; it is sent when somebody replays it.
CREATE TABLE crm.webhook_delivery (
    tenant_id      uuid NOT NULL,
    delivery_id    uuid NOT NULL,
    webhook_id     uuid NOT NULL,
    event_id       text NOT NULL,
    type           text NOT NULL,
    state          text NOT NULL CHECK (state IN ('pending', 'delivered', 'failed', 'held')),
    attempts       integer NOT NULL DEFAULT 0,
    tries          integer NOT NULL DEFAULT 0, -- since it was last begun anew
    next_try_at    timestamptz,
    claimed_by     uuid,
    claimed_until  timestamptz,
    created_at     timestamptz NOT NULL,
    delivered_at   timestamptz,
    PRIMARY KEY (tenant_id, delivery_id),
    UNIQUE (tenant_id, webhook_id, event_id),
    FOREIGN KEY (tenant_id, webhook_id) REFERENCES crm.webhook ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, event_id) REFERENCES crm.webhook_event ON DELETE CASCADE
);
CREATE INDEX webhook_delivery_due ON crm.webhook_delivery (tenant_id, webhook_id, next_try_at)
    WHERE state = 'pending';
CREATE INDEX webhook_delivery_claimed ON crm.webhook_delivery (claimed_until)
    WHERE claimed_until IS NOT NULL;
CREATE INDEX webhook_delivery_log ON crm.webhook_delivery (tenant_id, webhook_id, delivery_id);
CREATE INDEX webhook_delivery_event ON crm.webhook_delivery (tenant_id, event_id);
CREATE INDEX webhook_delivery_created ON crm.webhook_delivery (created_at);

CREATE TABLE crm.webhook_attempt (
    tenant_id      uuid NOT NULL,
    delivery_id    uuid NOT NULL,
    attempt_no     integer NOT NULL,
    at             timestamptz NOT NULL,
    status         integer,
    latency_s      double precision NOT NULL,
    error          text NOT NULL,
    answer         text NOT NULL,           -- its first bytes
    PRIMARY KEY (tenant_id, delivery_id, attempt_no),
    FOREIGN KEY (tenant_id, delivery_id) REFERENCES crm.webhook_delivery ON DELETE CASCADE
);

-- What is left of an enterprise that was deleted. It is the platform's: tenant_id is its own.
CREATE TABLE crm.tombstone (
    tenant_id      uuid NOT NULL,
    enterprise_id  uuid NOT NULL,
    slug           text NOT NULL,
    name           text NOT NULL,
    close_reason   text NOT NULL,
    closed_at      timestamptz,
    begun_at       timestamptz NOT NULL,
    begun_by       text NOT NULL,
    removed        jsonb NOT NULL DEFAULT '{}',   -- rows by table, and files
    confirmed      jsonb NOT NULL DEFAULT '{}',   -- when each service had nothing left
    deleted_at     timestamptz,
    swept_at       timestamptz,                   -- when what came late was looked for
    last_error     text NOT NULL DEFAULT '',
    claimed_until  timestamptz,
    PRIMARY KEY (tenant_id, enterprise_id)
);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'webhook', 'webhook_event', 'webhook_delivery', 'webhook_attempt', 'tombstone'
    ] LOOP
        EXECUTE format('ALTER TABLE crm.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE crm.%I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY tenant_isolation ON crm.%I TO ringway_crm_api '
            'USING (tenant_id = nullif(current_setting(''ringway.tenant_id'', true), '''')::uuid) '
            'WITH CHECK (tenant_id = nullif(current_setting(''ringway.tenant_id'', true), '''')::uuid)',
            name);
        EXECUTE format(
            'CREATE POLICY owner_all ON crm.%I TO ringway_owner USING (true) WITH CHECK (true)',
            name);
    END LOOP;
END
$$;
GRANT SELECT, INSERT, UPDATE, DELETE ON crm.webhook TO ringway_crm_api;
GRANT SELECT, INSERT, UPDATE ON crm.webhook_delivery, crm.tombstone TO ringway_crm_api;
GRANT SELECT, INSERT ON crm.webhook_event, crm.webhook_attempt TO ringway_crm_api;

-- Take due deliveries of all tenants; what another replica is taking is skipped. A claim ends by
-- itself, so what a replica that is gone had taken is sent again.
--
-- An endpoint has few deliveries on their way at a time, one when it failed last, and an enterprise
-- not too many: a slow one does not delay others. Failing endpoints are asked for apart, so that
-- they never have all the places.
CREATE FUNCTION crm.claim_webhook_deliveries(
    a_now timestamptz, a_claim uuid, a_hold interval, a_at_most integer, a_failing boolean,
    a_per_webhook integer, a_per_tenant integer)
RETURNS TABLE (
    tenant_id uuid, delivery_id uuid, webhook_id uuid, event_id text, body text, url text,
    secret bytea, old_secret bytea, old_until timestamptz, attempts integer, tries integer)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    WITH busy AS (
        SELECT d.tenant_id, d.webhook_id, count(*)::integer AS n FROM crm.webhook_delivery d
         WHERE d.claimed_until > a_now GROUP BY d.tenant_id, d.webhook_id
    ), endpoint AS (
        SELECT w.tenant_id, w.webhook_id,
               CASE WHEN a_failing THEN 1 ELSE a_per_webhook END - coalesce(b.n, 0) AS free
          FROM crm.webhook w JOIN crm.tenant t ON t.tenant_id = w.tenant_id
          LEFT JOIN busy b ON b.tenant_id = w.tenant_id AND b.webhook_id = w.webhook_id
         WHERE w.is_enabled AND t.state = 'active' AND NOT 'webhooks' = ANY (t.features_off)
           AND (w.failures > 0) = a_failing
           AND (w.paused_until IS NULL OR w.paused_until <= a_now)
    ), picked AS MATERIALIZED (
        SELECT d.tenant_id, d.delivery_id, d.next_try_at FROM endpoint e CROSS JOIN LATERAL (
            SELECT i.tenant_id, i.delivery_id, i.next_try_at FROM crm.webhook_delivery i
             WHERE i.tenant_id = e.tenant_id AND i.webhook_id = e.webhook_id
               AND i.state = 'pending' AND i.next_try_at <= a_now
               AND (i.claimed_until IS NULL OR i.claimed_until <= a_now)
             ORDER BY i.next_try_at, i.delivery_id LIMIT greatest(e.free, 0)
               FOR UPDATE SKIP LOCKED
        ) d
    ), ranked AS (
        SELECT p.*, row_number() OVER (PARTITION BY p.tenant_id ORDER BY p.next_try_at)
               + coalesce((SELECT sum(b.n) FROM busy b WHERE b.tenant_id = p.tenant_id), 0) AS place
          FROM picked p
    ), chosen AS (
        SELECT r.tenant_id, r.delivery_id FROM ranked r
         WHERE r.place <= a_per_tenant ORDER BY r.place, r.next_try_at LIMIT a_at_most
    ), taken AS (
        UPDATE crm.webhook_delivery d SET claimed_by = a_claim, claimed_until = a_now + a_hold
          FROM chosen c WHERE d.tenant_id = c.tenant_id AND d.delivery_id = c.delivery_id
        RETURNING d.*
    )
    SELECT d.tenant_id, d.delivery_id, d.webhook_id, d.event_id, e.body, w.url,
           w.secret, w.old_secret, w.old_until, d.attempts, d.tries
      FROM taken d
      JOIN crm.webhook w ON w.tenant_id = d.tenant_id AND w.webhook_id = d.webhook_id
      JOIN crm.webhook_event e ON e.tenant_id = d.tenant_id AND e.event_id = d.event_id
     ORDER BY d.next_try_at, d.delivery_id
$$;
ALTER FUNCTION crm.claim_webhook_deliveries(
    timestamptz, uuid, interval, integer, boolean, integer, integer) OWNER TO ringway_owner;
REVOKE ALL ON FUNCTION crm.claim_webhook_deliveries(
    timestamptz, uuid, interval, integer, boolean, integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.claim_webhook_deliveries(
    timestamptz, uuid, interval, integer, boolean, integer, integer) TO ringway_crm_api;

-- The log of deliveries is kept for 30 days; what is still to be sent stays.
CREATE FUNCTION crm.prune_webhooks(a_now timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    total bigint;
    part bigint;
BEGIN
    DELETE FROM crm.webhook_delivery
     WHERE created_at < a_now - interval '30 days' AND state <> 'pending';
    GET DIAGNOSTICS total = ROW_COUNT;
    DELETE FROM crm.webhook_event e WHERE e.created_at < a_now - interval '30 days'
       AND NOT EXISTS (SELECT 1 FROM crm.webhook_delivery d
                        WHERE d.tenant_id = e.tenant_id AND d.event_id = e.event_id);
    GET DIAGNOSTICS part = ROW_COUNT;
    RETURN total + part;
END
$$;
ALTER FUNCTION crm.prune_webhooks(timestamptz) OWNER TO ringway_owner;
REVOKE ALL ON FUNCTION crm.prune_webhooks(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.prune_webhooks(timestamptz) TO ringway_crm_api;

-- The deletion of an enterprise whose grace period is over. state_before: what it was when it was
-- closed, and is again when it is reopened.
ALTER TABLE crm.tenant ADD COLUMN state_before text
    CHECK (state_before IN ('active', 'suspended'));

-- Remove up to about a_at_most rows of a tenant, and return how many of which table; nothing when
-- none is left. Tables that refer to others come first; triggers that keep rows for ever see
-- that it is the whole tenant that goes.
CREATE FUNCTION crm.delete_tenant_rows(a_tenant_id uuid, a_at_most integer, a_kept text[])
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
             WHERE n.nspname = 'crm' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
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
                'DELETE FROM crm.%I WHERE tenant_id = $1 AND ctid = ANY (ARRAY('
                'SELECT ctid FROM crm.%I WHERE tenant_id = $1 LIMIT $2))',
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
                'SELECT EXISTS (SELECT 1 FROM crm.%I WHERE tenant_id = $1)', each.name)
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
ALTER FUNCTION crm.delete_tenant_rows(uuid, integer, text[]) OWNER TO ringway_owner;
REVOKE ALL ON FUNCTION crm.delete_tenant_rows(uuid, integer, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.delete_tenant_rows(uuid, integer, text[]) TO ringway_crm_api;
REVOKE ALL ON FUNCTION crm.delete_tenant_rows(uuid, integer, text[]) FROM ringway_crm_api;

-- The service itself removes only what is being deleted, or what came late of an enterprise that
-- is gone.
CREATE FUNCTION crm.delete_enterprise_rows(a_tenant_id uuid, a_at_most integer)
RETURNS TABLE (table_name text, removed bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF a_tenant_id = '00000000-0000-0000-0000-000000000000' OR EXISTS (
        SELECT 1 FROM crm.tenant WHERE tenant_id = a_tenant_id AND state <> 'deleting')
    THEN
        RAISE EXCEPTION 'The enterprise is not being deleted.' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN QUERY SELECT * FROM crm.delete_tenant_rows(a_tenant_id, a_at_most, ARRAY['tenant']);
END
$$;
ALTER FUNCTION crm.delete_enterprise_rows(uuid, integer) OWNER TO ringway_owner;
REVOKE ALL ON FUNCTION crm.delete_enterprise_rows(uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.delete_enterprise_rows(uuid, integer) TO ringway_crm_api;

-- The last of an enterprise: its name, what was counted of sign-ins to it, and indexes that were
-- made for it alone.
CREATE FUNCTION crm.finish_deletion(a_tenant_id uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    gone text;
    each record;
BEGIN
    DELETE FROM crm.tenant WHERE tenant_id = a_tenant_id AND state = 'deleting'
        RETURNING slug INTO gone;
    IF gone IS NULL THEN
        RETURN;
    END IF;
    DELETE FROM crm.sign_in_failure
     WHERE split_part(split_part(login, '|', 1), '@', 2) = gone;
    FOR each IN
        SELECT x.indexrelid::regclass::text AS name FROM pg_index x
          JOIN pg_class c ON c.oid = x.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = 'crm' AND x.indpred IS NOT NULL
           AND strpos(pg_get_expr(x.indpred, x.indrelid), a_tenant_id::text) > 0
    LOOP
        EXECUTE 'DROP INDEX IF EXISTS ' || each.name;
    END LOOP;
END
$$;
ALTER FUNCTION crm.finish_deletion(uuid) OWNER TO ringway_owner;
REVOKE ALL ON FUNCTION crm.finish_deletion(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.finish_deletion(uuid) TO ringway_crm_api;
