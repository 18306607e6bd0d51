-- Alarms: what the system tells of its own state, of the platform and of each enterprise.
CREATE TABLE crm.alarm (
    tenant_id         uuid        NOT NULL,
    alarm_id          uuid        NOT NULL,
    kind              text        NOT NULL,
    code              text        NOT NULL,              -- which sentence people are shown
    severity          text        NOT NULL
        CHECK (severity IN ('critical', 'major', 'minor', 'warning')),
    object_id         text        NOT NULL,              -- what it is about
    params            jsonb       NOT NULL DEFAULT '{}', -- what stands in the sentence
    weight            bigint      NOT NULL DEFAULT 0,    -- when it grows, it is raised again
    times_seen        integer     NOT NULL DEFAULT 1,
    raised_at         timestamptz NOT NULL,
    last_raised_at    timestamptz NOT NULL,
    cleared_at        timestamptz,
    acknowledged_at   timestamptz,
    acknowledged_by   text        NOT NULL DEFAULT '',
    acknowledged_note text        NOT NULL DEFAULT '',
    PRIMARY KEY (tenant_id, alarm_id)
);
CREATE UNIQUE INDEX alarm_open ON crm.alarm (tenant_id, kind, object_id)
    WHERE cleared_at IS NULL;
CREATE INDEX alarm_last ON crm.alarm (tenant_id, kind, object_id, cleared_at);
CREATE INDEX alarm_newest ON crm.alarm (alarm_id);
CREATE INDEX alarm_cleared ON crm.alarm (cleared_at) WHERE cleared_at IS NOT NULL;

-- The last look at all that may raise an alarm; one row, of the platform. suspects: what was
-- found there for the first time, and when.
CREATE TABLE crm.alarm_look (
    tenant_id uuid        PRIMARY KEY,
    looked_at timestamptz NOT NULL,
    suspects  jsonb       NOT NULL DEFAULT '{}'
);
INSERT INTO crm.alarm_look (tenant_id, looked_at)
VALUES ('00000000-0000-0000-0000-000000000000', '2000-01-01T00:00:00Z');

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['alarm', 'alarm_look'] LOOP
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
-- Who runs the platform sees every enterprise's alarms, and acknowledges them.
CREATE POLICY platform_reads ON crm.alarm FOR SELECT TO ringway_crm_api
    USING (current_setting('ringway.tenant_id', true) = '00000000-0000-0000-0000-000000000000');
CREATE POLICY platform_changes ON crm.alarm FOR UPDATE TO ringway_crm_api
    USING (current_setting('ringway.tenant_id', true) = '00000000-0000-0000-0000-000000000000')
    WITH CHECK (current_setting('ringway.tenant_id', true) = '00000000-0000-0000-0000-000000000000');
GRANT SELECT, INSERT, UPDATE ON crm.alarm TO ringway_crm_api;
GRANT SELECT, UPDATE ON crm.alarm_look TO ringway_crm_api;

-- What goes wrong now, as our own tables tell it, in all enterprises that are active: the only look
-- across tenants. The alarms are raised and cleared under their tenant.
CREATE FUNCTION crm.alarm_conditions(a_now timestamptz)
RETURNS TABLE (tenant_id uuid, kind text, object_id text, params jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    WITH active AS (SELECT t.tenant_id, t.features_off FROM crm.tenant t WHERE t.state = 'active')
    SELECT w.tenant_id, CASE WHEN w.is_enabled THEN 'webhook_failing' ELSE 'webhook_off' END,
           w.webhook_id::text, jsonb_build_object('description', left(w.description, 200))
      FROM crm.webhook w JOIN active t USING (tenant_id)
     WHERE NOT 'webhooks' = ANY (t.features_off)
       AND CASE WHEN w.is_enabled
                THEN w.failures >= 3 AND w.failing_since <= a_now - interval '15 minutes'
                ELSE w.disabled_reason <> '' END
    UNION ALL
    SELECT h.tenant_id, 'hand_over_failing', 'callbacks',
           jsonb_build_object('waiting', count(*))
      FROM crm.callback_hand_over h JOIN active t USING (tenant_id)
     WHERE h.next_try_at IS NOT NULL AND h.tries >= 5 AND h.last_error <> ''
     GROUP BY h.tenant_id
    UNION ALL
    SELECT o.tenant_id, 'lent_trunk_failing', o.trunk_id::text, '{}'::jsonb
      FROM crm.operator_trunk o JOIN active t USING (tenant_id)
     WHERE o.next_try_at IS NOT NULL AND o.tries >= 5 AND o.last_error <> ''
    UNION ALL
    SELECT j.tenant_id, 'job_failing', j.job_id::text,
           jsonb_build_object('act', j.act, 'file_name', left(j.file_name, 200))
      FROM crm.customer_job j JOIN active t USING (tenant_id)
     WHERE j.state IN ('waiting', 'running', 'undoing') AND j.tries >= 3
    UNION ALL
    SELECT s.tenant_id, 'querier_failing', s.schedule_id::text,
           jsonb_build_object('name', q.name, 'is_paused', s.paused_code <> '')
      FROM crm.querier_schedule s JOIN active t USING (tenant_id)
      JOIN crm.querier q USING (tenant_id, querier_id)
     WHERE s.paused_code <> '' OR s.is_enabled AND (
           SELECT count(*) = 2 AND bool_and(r.state = 'failed') FROM (
               SELECT i.state FROM crm.querier_run i
                WHERE i.tenant_id = s.tenant_id AND i.schedule_id = s.schedule_id
                  AND i.state <> 'running'
                ORDER BY i.due_at DESC LIMIT 2) r)
    UNION ALL
    SELECT d.tenant_id, 'deletion_failing', d.enterprise_id::text,
           jsonb_build_object('slug', d.slug)
      FROM crm.tombstone d
     WHERE d.swept_at IS NULL AND d.last_error <> '' AND d.begun_at <= a_now - interval '10 minutes'
$$;
ALTER FUNCTION crm.alarm_conditions(timestamptz) OWNER TO ringway_owner;
REVOKE ALL ON FUNCTION crm.alarm_conditions(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.alarm_conditions(timestamptz) TO ringway_crm_api;

-- Housekeeping over all tenants: what is over is kept 400 days.
CREATE FUNCTION crm.prune_alarms(a_now timestamptz) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    WITH gone AS (
        DELETE FROM crm.alarm WHERE cleared_at < a_now - interval '400 days' RETURNING 1)
    SELECT count(*) FROM gone
$$;
ALTER FUNCTION crm.prune_alarms(timestamptz) OWNER TO ringway_owner;
REVOKE ALL ON FUNCTION crm.prune_alarms(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.prune_alarms(timestamptz) TO ringway_crm_api;
