-- Levels and tenants: roles as data, departments and teams, the life of an enterprise.

-- An enterprise's own roles, and its changes to the shipped ones. The key of a shipped role is its
-- name, of an own one its id. Without permissions it is as shipped. What is granted beyond what the template's level may ever have has
-- no effect.
CREATE TABLE crm.role (
    tenant_id      uuid NOT NULL REFERENCES crm.tenant,
    role_key       text NOT NULL,
    template       text NOT NULL,
    name           text NOT NULL,
    permissions    text[],
    version        integer NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, role_key)
);
CREATE UNIQUE INDEX role_name ON crm.role (tenant_id, lower(name));

-- access_until: the account of an operator who jumped in ends by itself.
ALTER TABLE crm.user_account
    ADD COLUMN own_role text,
    ADD COLUMN access_until timestamptz,
    ADD CONSTRAINT user_account_own_role
        FOREIGN KEY (tenant_id, own_role) REFERENCES crm.role (tenant_id, role_key);
CREATE INDEX user_account_of_role ON crm.user_account (tenant_id, own_role)
    WHERE own_role IS NOT NULL;

-- Departments and teams, one tree (or several) in each enterprise.
CREATE TABLE crm.team (
    tenant_id      uuid NOT NULL REFERENCES crm.tenant,
    team_id        uuid NOT NULL,
    parent_id      uuid,
    kind           text NOT NULL CHECK (kind IN ('department', 'team')),
    name           text NOT NULL,
    version        integer NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, team_id),
    FOREIGN KEY (tenant_id, parent_id) REFERENCES crm.team
);
CREATE UNIQUE INDEX team_name ON crm.team
    (tenant_id, coalesce(parent_id, '00000000-0000-0000-0000-000000000000'), lower(name));
CREATE INDEX team_parent ON crm.team (tenant_id, parent_id);

CREATE TABLE crm.team_leader (
    tenant_id      uuid NOT NULL,
    team_id        uuid NOT NULL,
    user_id        uuid NOT NULL,
    PRIMARY KEY (tenant_id, team_id, user_id),
    FOREIGN KEY (tenant_id, team_id) REFERENCES crm.team ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, user_id) REFERENCES crm.user_account ON DELETE CASCADE
);
CREATE INDEX team_leader_user ON crm.team_leader (tenant_id, user_id);

-- A person is in one team at a time; where he was before stays in team_move.
CREATE TABLE crm.team_member (
    tenant_id      uuid NOT NULL,
    user_id        uuid NOT NULL,
    team_id        uuid NOT NULL,
    since          timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, team_id) REFERENCES crm.team,
    FOREIGN KEY (tenant_id, user_id) REFERENCES crm.user_account ON DELETE CASCADE
);
CREATE INDEX team_member_team ON crm.team_member (tenant_id, team_id, user_id);

-- The names stay as they were: a team may be gone later.
CREATE TABLE crm.team_move (
    tenant_id      uuid NOT NULL,
    move_id        uuid NOT NULL,
    user_id        uuid NOT NULL,
    from_team_id   uuid,
    from_name      text NOT NULL,
    to_team_id     uuid,
    to_name        text NOT NULL,
    at             timestamptz NOT NULL,
    moved_by       text NOT NULL,
    PRIMARY KEY (tenant_id, move_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES crm.user_account ON DELETE CASCADE
);
CREATE INDEX team_move_user ON crm.team_move (tenant_id, user_id, move_id);

-- The life of an enterprise.
ALTER TABLE crm.tenant
    DROP CONSTRAINT tenant_state_check,
    ADD CONSTRAINT tenant_state_check
        CHECK (state IN ('opening', 'active', 'suspended', 'closed', 'deleting')),
    ADD COLUMN features_off text[] NOT NULL DEFAULT '{}',
    ADD COLUMN outbound_stopped_at timestamptz,
    ADD COLUMN outbound_stop_reason text NOT NULL DEFAULT '',
    ADD COLUMN closed_at timestamptz,
    ADD COLUMN close_reason text NOT NULL DEFAULT '',
    ADD COLUMN delete_after timestamptz;

-- An operator of the platform worked inside of an enterprise: it sees who, why, and how long.
CREATE TABLE crm.jump_in (
    tenant_id      uuid NOT NULL REFERENCES crm.tenant,
    jump_in_id     uuid NOT NULL,
    user_id        uuid NOT NULL,
    operator_id    uuid NOT NULL,
    operator       text NOT NULL,
    reason         text NOT NULL,
    began_at       timestamptz NOT NULL,
    until          timestamptz NOT NULL,
    ended_at       timestamptz,
    PRIMARY KEY (tenant_id, jump_in_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES crm.user_account ON DELETE CASCADE
);
CREATE INDEX jump_in_user ON crm.jump_in (tenant_id, user_id);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'role', 'team', 'team_leader', 'team_member', 'team_move', 'jump_in'
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

GRANT SELECT, INSERT, UPDATE, DELETE ON crm.role, crm.team, crm.team_leader, crm.team_member
    TO ringway_crm_api;
GRANT SELECT, INSERT ON crm.team_move TO ringway_crm_api;
GRANT SELECT, INSERT, UPDATE ON crm.jump_in TO ringway_crm_api;
