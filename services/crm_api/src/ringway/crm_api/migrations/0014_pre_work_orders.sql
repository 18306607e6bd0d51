-- Work orders: designs of their steps, business types, the orders, and all that belongs to them.

-- What an enterprise counts and begins with. The row is made when work orders are first used.
CREATE TABLE crm.work_order_setup (
    tenant_id      uuid PRIMARY KEY REFERENCES crm.tenant,
    last_number    bigint NOT NULL DEFAULT 0,
    created_at     timestamptz NOT NULL
);

-- Designs are versioned: an open order stays on the version that it began with.
CREATE TABLE crm.work_order_design (
    tenant_id      uuid NOT NULL,
    design_id      uuid NOT NULL,
    name_en        text NOT NULL,
    name_zh        text NOT NULL DEFAULT '',
    design_version integer NOT NULL,
    version        integer NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, design_id)
);
CREATE UNIQUE INDEX work_order_design_name ON crm.work_order_design (tenant_id, lower(name_en));
CREATE TABLE crm.work_order_design_version (
    tenant_id      uuid NOT NULL,
    design_id      uuid NOT NULL,
    design_version integer NOT NULL,
    body           jsonb NOT NULL,
    created_by     text NOT NULL,
    created_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, design_id, design_version),
    FOREIGN KEY (tenant_id, design_id) REFERENCES crm.work_order_design ON DELETE CASCADE
);

CREATE TABLE crm.business_type (
    tenant_id        uuid NOT NULL,
    business_type_id uuid NOT NULL,
    kind             text NOT NULL,
    name_en          text NOT NULL,
    name_zh          text NOT NULL DEFAULT '',
    design_id        uuid NOT NULL,
    object_id        uuid,
    body             jsonb NOT NULL,
    is_active        boolean NOT NULL DEFAULT true,
    version          integer NOT NULL DEFAULT 1,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, business_type_id),
    FOREIGN KEY (tenant_id, design_id) REFERENCES crm.work_order_design
);
CREATE UNIQUE INDEX business_type_name ON crm.business_type (tenant_id, lower(name_en));

-- Copies of the ACD's calendars that promises are counted by, so that nothing waits for the ACD.
CREATE TABLE crm.work_calendar (
    tenant_id      uuid NOT NULL,
    calendar_id    text NOT NULL,
    body           jsonb NOT NULL,
    asked_at       timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, calendar_id)
);
CREATE INDEX work_calendar_asked ON crm.work_calendar (asked_at);

-- version: of what people change, for If-Match; entries: how many rows of history there are.
CREATE TABLE crm.work_order (
    tenant_id              uuid NOT NULL REFERENCES crm.tenant,
    work_order_id          uuid NOT NULL,
    number                 text NOT NULL,
    business_type_id       uuid NOT NULL,
    kind                   text NOT NULL,
    design_id              uuid NOT NULL,
    design_version         integer NOT NULL,
    step                   text NOT NULL,
    step_kind              text NOT NULL CHECK (step_kind IN ('open', 'waiting', 'done', 'cancelled')),
    step_since             timestamptz NOT NULL,
    title                  text NOT NULL,
    description            text NOT NULL DEFAULT '',
    priority               smallint NOT NULL CHECK (priority BETWEEN 1 AND 5),
    source                 text NOT NULL,
    customer_id            uuid,
    customer_name          text NOT NULL DEFAULT '',
    phone_e164             text,
    interaction_id         uuid,
    assignee_id            uuid,
    team_id                uuid,
    created_by             uuid,
    participant_ids        uuid[] NOT NULL DEFAULT '{}',
    object_id              uuid,
    data                   jsonb NOT NULL DEFAULT '{}',
    promises               jsonb NOT NULL DEFAULT '{}',
    milestones             text[] NOT NULL DEFAULT '{}',
    times_reopened         integer NOT NULL DEFAULT 0,
    response_due_at        timestamptz,
    responded_at           timestamptz,
    response_breached_at   timestamptz,
    resolution_due_at      timestamptz,
    resolved_at            timestamptz,
    resolution_breached_at timestamptz,
    version                integer NOT NULL DEFAULT 1,
    entries                integer NOT NULL DEFAULT 0,
    created_at             timestamptz NOT NULL,
    updated_at             timestamptz NOT NULL,
    deleted_at             timestamptz,
    PRIMARY KEY (tenant_id, work_order_id),
    UNIQUE (tenant_id, number),
    FOREIGN KEY (tenant_id, business_type_id) REFERENCES crm.business_type,
    FOREIGN KEY (tenant_id, design_id, design_version) REFERENCES crm.work_order_design_version
);
CREATE INDEX work_order_assignee ON crm.work_order (tenant_id, assignee_id, work_order_id)
    WHERE deleted_at IS NULL;
CREATE INDEX work_order_team ON crm.work_order (tenant_id, team_id, work_order_id)
    WHERE deleted_at IS NULL;
CREATE INDEX work_order_created_by ON crm.work_order (tenant_id, created_by, work_order_id);
CREATE INDEX work_order_customer ON crm.work_order (tenant_id, customer_id, work_order_id)
    WHERE customer_id IS NOT NULL;
CREATE INDEX work_order_phone ON crm.work_order (tenant_id, phone_e164, work_order_id)
    WHERE phone_e164 IS NOT NULL;
CREATE INDEX work_order_participants ON crm.work_order USING gin (participant_ids);
CREATE INDEX work_order_due ON crm.work_order (tenant_id, resolution_due_at, work_order_id)
    WHERE resolution_due_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX work_order_updated ON crm.work_order (tenant_id, updated_at, work_order_id)
    WHERE deleted_at IS NULL;
CREATE INDEX work_order_created ON crm.work_order (tenant_id, created_at);
CREATE INDEX work_order_type ON crm.work_order (tenant_id, business_type_id, step, work_order_id);
-- Own fields that are indexed; see 0010.
SELECT crm.add_key_columns('work_order', 'work_order_id');

-- Append-only: who did what, and what it changed; the first row made the order.
CREATE TABLE crm.work_order_entry (
    tenant_id      uuid NOT NULL,
    work_order_id  uuid NOT NULL,
    seq            integer NOT NULL,
    version        integer NOT NULL,
    at             timestamptz NOT NULL,
    actor_id       uuid,
    actor          text NOT NULL,
    action         text NOT NULL,
    detail         jsonb NOT NULL DEFAULT '{}',
    changes        jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant_id, work_order_id, seq),
    FOREIGN KEY (tenant_id, work_order_id) REFERENCES crm.work_order ON DELETE CASCADE
);

CREATE TABLE crm.work_order_comment (
    tenant_id      uuid NOT NULL,
    work_order_id  uuid NOT NULL,
    comment_id     uuid NOT NULL,
    author_id      uuid,
    author         text NOT NULL,
    text           text NOT NULL,
    mention_ids    uuid[] NOT NULL DEFAULT '{}',
    created_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, work_order_id, comment_id),
    FOREIGN KEY (tenant_id, work_order_id) REFERENCES crm.work_order ON DELETE CASCADE
);

CREATE TABLE crm.work_order_attachment (
    tenant_id      uuid NOT NULL,
    work_order_id  uuid NOT NULL,
    attachment_id  uuid NOT NULL,
    name           text NOT NULL,
    content_type   text NOT NULL,
    size_bytes     integer NOT NULL,
    sha256         bytea NOT NULL,
    content        bytea NOT NULL,
    added_by       text NOT NULL,
    created_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, work_order_id, attachment_id),
    FOREIGN KEY (tenant_id, work_order_id) REFERENCES crm.work_order ON DELETE CASCADE
);

-- What other departments have to do. The order ends when those that are needed are finished.
CREATE TABLE crm.work_order_task (
    tenant_id      uuid NOT NULL,
    work_order_id  uuid NOT NULL,
    task_id        uuid NOT NULL,
    title          text NOT NULL,
    team_id        uuid,
    assignee_id    uuid,
    is_needed      boolean NOT NULL DEFAULT true,
    state          text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'cancelled')),
    result         text NOT NULL DEFAULT '',
    created_by     uuid,
    created_at     timestamptz NOT NULL,
    finished_at    timestamptz,
    PRIMARY KEY (tenant_id, work_order_id, task_id),
    FOREIGN KEY (tenant_id, work_order_id) REFERENCES crm.work_order ON DELETE CASCADE
);
CREATE INDEX work_order_task_assignee ON crm.work_order_task (tenant_id, assignee_id)
    WHERE state = 'open';
CREATE INDEX work_order_task_team ON crm.work_order_task (tenant_id, team_id)
    WHERE state = 'open';

CREATE TABLE crm.work_order_link (
    tenant_id      uuid NOT NULL,
    work_order_id  uuid NOT NULL,
    interaction_id uuid NOT NULL,
    linked_by      text NOT NULL,
    created_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, work_order_id, interaction_id),
    FOREIGN KEY (tenant_id, work_order_id) REFERENCES crm.work_order ON DELETE CASCADE
);
CREATE INDEX work_order_link_interaction ON crm.work_order_link (tenant_id, interaction_id);

-- When the platform must look at an order by itself. A row goes with its effect.
CREATE TABLE crm.work_order_alarm (
    tenant_id      uuid NOT NULL,
    work_order_id  uuid NOT NULL,
    alarm_key      text NOT NULL,
    event          jsonb NOT NULL,
    due_at         timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, work_order_id, alarm_key),
    FOREIGN KEY (tenant_id, work_order_id) REFERENCES crm.work_order ON DELETE CASCADE
);
CREATE INDEX work_order_alarm_due ON crm.work_order_alarm (due_at, tenant_id);

-- What somebody was told of an order.
CREATE TABLE crm.work_order_notice (
    tenant_id      uuid NOT NULL,
    notice_id      uuid NOT NULL,
    user_id        uuid NOT NULL,
    work_order_id  uuid NOT NULL,
    reason         text NOT NULL,
    created_at     timestamptz NOT NULL,
    read_at        timestamptz,
    PRIMARY KEY (tenant_id, notice_id),
    FOREIGN KEY (tenant_id, work_order_id) REFERENCES crm.work_order ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, user_id) REFERENCES crm.user_account ON DELETE CASCADE
);
CREATE INDEX work_order_notice_user ON crm.work_order_notice (tenant_id, user_id, notice_id);

-- Whose turn it was last in a team.
CREATE TABLE crm.work_order_turn (
    tenant_id      uuid NOT NULL,
    team_id        uuid NOT NULL,
    last_user_id   uuid,
    PRIMARY KEY (tenant_id, team_id)
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'work_order_setup', 'work_order_design', 'work_order_design_version', 'business_type',
        'work_calendar', 'work_order', 'work_order_entry', 'work_order_comment',
        'work_order_attachment', 'work_order_task', 'work_order_link', 'work_order_alarm',
        'work_order_notice', 'work_order_turn'
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

GRANT SELECT, INSERT, UPDATE ON crm.work_order_setup, crm.work_order, crm.work_order_turn
    TO ringway_crm_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON crm.work_order_design, crm.business_type,
    crm.work_calendar, crm.work_order_task, crm.work_order_alarm, crm.work_order_notice
    TO ringway_crm_api;
GRANT SELECT, INSERT ON crm.work_order_design_version TO ringway_crm_api;
GRANT SELECT, INSERT, DELETE ON crm.work_order_attachment, crm.work_order_link TO ringway_crm_api;
-- Histories and comments are not rewritten but to erase a person's data.
GRANT SELECT, INSERT ON crm.work_order_entry, crm.work_order_comment TO ringway_crm_api;
GRANT UPDATE (detail, changes) ON crm.work_order_entry TO ringway_crm_api;
GRANT UPDATE (text) ON crm.work_order_comment TO ringway_crm_api;

-- The worker serves all tenants: this tells it which have something due, and nothing else of them.
CREATE FUNCTION crm.work_orders_due(a_now timestamptz, a_limit integer)
RETURNS TABLE (tenant_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT DISTINCT due.tenant_id
      FROM (SELECT a.tenant_id FROM crm.work_order_alarm a JOIN crm.tenant t USING (tenant_id)
             WHERE a.due_at <= a_now AND t.state = 'active'
             ORDER BY a.due_at LIMIT a_limit) due
$$;
ALTER FUNCTION crm.work_orders_due(timestamptz, integer) OWNER TO ringway_owner;
REVOKE ALL ON FUNCTION crm.work_orders_due(timestamptz, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.work_orders_due(timestamptz, integer) TO ringway_crm_api;

-- The same for copies of calendars that are old.
CREATE FUNCTION crm.work_calendars_old(a_before timestamptz, a_limit integer)
RETURNS TABLE (tenant_id uuid, calendar_id text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT c.tenant_id, c.calendar_id
      FROM crm.work_calendar c JOIN crm.tenant t USING (tenant_id)
     WHERE c.asked_at < a_before AND t.state = 'active' ORDER BY c.asked_at LIMIT a_limit
$$;
ALTER FUNCTION crm.work_calendars_old(timestamptz, integer) OWNER TO ringway_owner;
REVOKE ALL ON FUNCTION crm.work_calendars_old(timestamptz, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.work_calendars_old(timestamptz, integer) TO ringway_crm_api;
