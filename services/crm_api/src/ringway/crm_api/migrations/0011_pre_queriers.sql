-- Queriers: saved questions, when they are asked by themselves, what was found, what was done with it.

-- Where an enterprise's days begin, for "today" in queriers and for schedules.
CREATE TABLE crm.querier_settings (
    tenant_id      uuid        PRIMARY KEY REFERENCES crm.tenant,
    zone           text        NOT NULL,
    version        integer     NOT NULL DEFAULT 1,
    updated_at     timestamptz NOT NULL
);

-- Who it is shared with: keys of roles (a shipped role's name, an own one's id) and teams with all
-- below them. The owner always has it.
CREATE TABLE crm.querier (
    tenant_id      uuid        NOT NULL REFERENCES crm.tenant,
    querier_id     uuid        NOT NULL,
    owner_id       uuid        NOT NULL,
    name           text        NOT NULL,
    description    text        NOT NULL DEFAULT '',
    query          jsonb       NOT NULL,
    shared_roles   text[]      NOT NULL DEFAULT '{}',
    shared_teams   uuid[]      NOT NULL DEFAULT '{}',
    template       text,
    version        integer     NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, querier_id),
    FOREIGN KEY (tenant_id, owner_id) REFERENCES crm.user_account ON DELETE CASCADE
);
CREATE INDEX querier_owner ON crm.querier (tenant_id, owner_id);

-- When a querier is asked by itself: at a time on some days, or every so many minutes. It is asked
-- with the rights that its owner has at that moment, within the scopes of the key with which he
-- made it, and what is found is his alone. querier_version: what he saw when he chose an action.
CREATE TABLE crm.querier_schedule (
    tenant_id      uuid        NOT NULL,
    schedule_id    uuid        NOT NULL,
    querier_id     uuid        NOT NULL,
    owner_id       uuid        NOT NULL,
    at_time        time,
    weekdays       smallint[]  NOT NULL DEFAULT '{}',
    every_minutes  integer,
    zone           text        NOT NULL,
    at_least       integer     NOT NULL,
    querier_version integer    NOT NULL,
    action         jsonb,
    scopes         text[],
    is_enabled     boolean     NOT NULL,
    next_run_at    timestamptz NOT NULL,
    version        integer     NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, schedule_id),
    CHECK ((at_time IS NULL) <> (every_minutes IS NULL)),
    FOREIGN KEY (tenant_id, querier_id) REFERENCES crm.querier ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, owner_id) REFERENCES crm.user_account ON DELETE CASCADE
);
CREATE INDEX querier_schedule_of ON crm.querier_schedule (tenant_id, querier_id);
CREATE INDEX querier_schedule_due ON crm.querier_schedule (next_run_at) WHERE is_enabled;

-- One answer of a schedule. While it runs, whoever works on it holds it until claimed_until.
-- permissions: what the owner could do then; who can do less does not see the result any more.
CREATE TABLE crm.querier_run (
    tenant_id      uuid        NOT NULL,
    run_id         uuid        NOT NULL,
    querier_id     uuid        NOT NULL,
    schedule_id    uuid,
    owner_id       uuid        NOT NULL,
    due_at         timestamptz NOT NULL,
    state          text        NOT NULL CHECK (state IN ('running', 'finished', 'failed')),
    claimed_until  timestamptz,
    tries          integer     NOT NULL DEFAULT 0,
    query          jsonb       NOT NULL,
    permissions    text[]      NOT NULL DEFAULT '{}',
    found          integer,
    is_triggered   boolean     NOT NULL DEFAULT false,
    is_cut         boolean     NOT NULL DEFAULT false,
    result         jsonb,
    failure_code   text        NOT NULL DEFAULT '',
    failure        text        NOT NULL DEFAULT '',
    operation_id   uuid,
    finished_at    timestamptz,
    PRIMARY KEY (tenant_id, run_id),
    FOREIGN KEY (tenant_id, querier_id) REFERENCES crm.querier ON DELETE CASCADE
);
CREATE INDEX querier_run_of ON crm.querier_run (tenant_id, querier_id, run_id);
CREATE INDEX querier_run_claimed ON crm.querier_run (claimed_until) WHERE state = 'running';
CREATE UNIQUE INDEX querier_run_once ON crm.querier_run (tenant_id, schedule_id, due_at);

-- What is done with the rows that were found. They are noted when it is proposed: what was shown
-- is what is done, once, whoever dies on the way.
CREATE TABLE crm.querier_operation (
    tenant_id      uuid        NOT NULL,
    operation_id   uuid        NOT NULL,
    querier_id     uuid        NOT NULL,
    run_id         uuid,
    owner_id       uuid        NOT NULL,
    action         jsonb       NOT NULL,
    source         text        NOT NULL,
    scopes         text[],
    state          text        NOT NULL
        CHECK (state IN ('proposed', 'running', 'finished', 'failed', 'expired')),
    claimed_until  timestamptz,
    tries          integer     NOT NULL DEFAULT 0,
    total          integer     NOT NULL,
    done           integer     NOT NULL DEFAULT 0,
    changed        integer     NOT NULL DEFAULT 0,
    failure_code   text        NOT NULL DEFAULT '',
    failure        text        NOT NULL DEFAULT '',
    created_at     timestamptz NOT NULL,
    confirmed_at   timestamptz,
    finished_at    timestamptz,
    PRIMARY KEY (tenant_id, operation_id),
    FOREIGN KEY (tenant_id, querier_id) REFERENCES crm.querier ON DELETE CASCADE
);
CREATE INDEX querier_operation_of ON crm.querier_operation (tenant_id, querier_id, operation_id);
CREATE INDEX querier_operation_claimed ON crm.querier_operation (claimed_until)
    WHERE state = 'running';
CREATE INDEX querier_operation_proposed ON crm.querier_operation (created_at)
    WHERE state = 'proposed';

CREATE TABLE crm.querier_operation_row (
    tenant_id      uuid        NOT NULL,
    operation_id   uuid        NOT NULL,
    position       integer     NOT NULL,
    row_id         text        NOT NULL,
    PRIMARY KEY (tenant_id, operation_id, position),
    FOREIGN KEY (tenant_id, operation_id) REFERENCES crm.querier_operation ON DELETE CASCADE
);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'querier_settings', 'querier', 'querier_schedule', 'querier_run', 'querier_operation',
        'querier_operation_row'
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
GRANT SELECT, INSERT, UPDATE ON crm.querier_settings TO ringway_crm_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON crm.querier, crm.querier_schedule TO ringway_crm_api;
GRANT SELECT, INSERT, UPDATE ON crm.querier_run, crm.querier_operation TO ringway_crm_api;
GRANT SELECT, INSERT, DELETE ON crm.querier_operation_row TO ringway_crm_api;

-- Which enterprises have work of queriers that nobody holds: the only look across tenants. The
-- work itself is claimed under its tenant. Enterprises that are not active have none.
CREATE FUNCTION crm.tenants_with_querier_work(a_now timestamptz) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT w.tenant_id FROM (
        SELECT tenant_id FROM crm.querier_schedule WHERE is_enabled AND next_run_at <= a_now
        UNION
        SELECT tenant_id FROM crm.querier_run WHERE state = 'running' AND claimed_until <= a_now
        UNION
        SELECT tenant_id FROM crm.querier_operation
         WHERE state = 'running' AND claimed_until <= a_now
    ) w JOIN crm.tenant t USING (tenant_id) WHERE t.state = 'active' LIMIT 100
$$;
ALTER FUNCTION crm.tenants_with_querier_work(timestamptz) OWNER TO ringway_owner;
REVOKE ALL ON FUNCTION crm.tenants_with_querier_work(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.tenants_with_querier_work(timestamptz) TO ringway_crm_api;

-- Housekeeping over all tenants: results are kept 90 days, proposals a day.
CREATE FUNCTION crm.prune_queriers(a_now timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    total bigint := 0;
    part bigint;
BEGIN
    DELETE FROM crm.querier_run WHERE finished_at < a_now - interval '90 days';
    GET DIAGNOSTICS part = ROW_COUNT; total := total + part;
    UPDATE crm.querier_operation SET state = 'expired', finished_at = a_now
     WHERE state = 'proposed' AND created_at < a_now - interval '1 day';
    DELETE FROM crm.querier_operation
     WHERE finished_at < a_now - interval '90 days';
    GET DIAGNOSTICS part = ROW_COUNT; total := total + part;
    RETURN total;
END
$$;
ALTER FUNCTION crm.prune_queriers(timestamptz) OWNER TO ringway_owner;
REVOKE ALL ON FUNCTION crm.prune_queriers(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.prune_queriers(timestamptz) TO ringway_crm_api;
