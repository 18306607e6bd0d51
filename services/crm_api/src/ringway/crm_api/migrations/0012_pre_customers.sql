-- Customers as a whole: several numbers, an owner (nobody: the public pool), grades, follow-ups,
-- who changed what, and what an agent's calls let him see.
ALTER TABLE crm.customer
    ADD COLUMN kind             text        NOT NULL DEFAULT 'person'
        CHECK (kind IN ('person', 'company')),
    ADD COLUMN title            text        NOT NULL DEFAULT '',
    ADD COLUMN sex              text        CHECK (sex IN ('female', 'male', 'other')),
    ADD COLUMN birth_date       date,
    ADD COLUMN emails           text[]      NOT NULL DEFAULT '{}',
    ADD COLUMN address          jsonb       NOT NULL DEFAULT '{}',
    ADD COLUMN contacts         jsonb       NOT NULL DEFAULT '[]',
    ADD COLUMN language         text        NOT NULL DEFAULT '',
    ADD COLUMN time_zone        text        NOT NULL DEFAULT '',
    ADD COLUMN owner_id         uuid,
    ADD COLUMN owned_since      timestamptz,
    ADD COLUMN idle_since       timestamptz,
    ADD COLUMN reclaim_noted_at timestamptz,
    ADD COLUMN grade            text,
    ADD COLUMN intent           text        NOT NULL DEFAULT 'unknown'
        CHECK (intent IN ('unknown', 'interested', 'not_interested')),
    ADD COLUMN tags             text[]      NOT NULL DEFAULT '{}',
    ADD COLUMN lead_status      text        NOT NULL DEFAULT 'new'
        CHECK (lead_status IN ('new', 'contacted', 'qualified', 'won', 'lost')),
    ADD COLUMN follow_up_at     timestamptz,
    ADD COLUMN followed_up_at   timestamptz,
    ADD COLUMN created_by       uuid,
    ADD CONSTRAINT customer_owned CHECK ((owner_id IS NULL) = (owned_since IS NULL));
-- Most columns of most rows are empty: what is not there costs an import nothing.
CREATE INDEX customer_name ON crm.customer (tenant_id, name, customer_id);
CREATE INDEX customer_changed ON crm.customer (tenant_id, updated_at, customer_id);
CREATE INDEX customer_owner ON crm.customer (tenant_id, owner_id, customer_id)
    WHERE owner_id IS NOT NULL;
CREATE INDEX customer_idle ON crm.customer (tenant_id, idle_since, customer_id)
    WHERE owner_id IS NOT NULL;
CREATE INDEX customer_follow_up ON crm.customer (tenant_id, follow_up_at, customer_id)
    WHERE follow_up_at IS NOT NULL;
CREATE INDEX customer_grade ON crm.customer (tenant_id, grade, customer_id)
    WHERE grade IS NOT NULL;
-- Under row-level security only leakproof operators reach an index, and @> of arrays is none.
CREATE TABLE crm.customer_tag (
    tenant_id      uuid NOT NULL,
    tag            text NOT NULL,
    customer_id    uuid NOT NULL,
    PRIMARY KEY (tenant_id, tag, customer_id)
);
CREATE INDEX customer_tag_of ON crm.customer_tag (tenant_id, customer_id);

-- Every number that leads to a customer, his contacts' too ("contact"). One look-up is the pop.
CREATE TABLE crm.customer_number (
    tenant_id      uuid     NOT NULL,
    phone_e164     text     NOT NULL,
    customer_id    uuid     NOT NULL,
    kind           text     NOT NULL DEFAULT '',
    is_primary     boolean  NOT NULL DEFAULT false,
    position       smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, phone_e164, customer_id)
);
CREATE INDEX customer_number_of ON crm.customer_number (tenant_id, customer_id, position);
INSERT INTO crm.customer_number (tenant_id, phone_e164, customer_id, is_primary)
SELECT tenant_id, phone_e164, customer_id, true FROM crm.customer;

-- The primary number stands in both tables, whoever writes it.
CREATE FUNCTION crm.add_primary_numbers() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO crm.customer_number (tenant_id, phone_e164, customer_id, is_primary)
    SELECT tenant_id, phone_e164, customer_id, true FROM added;
    RETURN NULL;
END
$$;
ALTER FUNCTION crm.add_primary_numbers() OWNER TO ringway_owner;
CREATE TRIGGER add_primary_numbers AFTER INSERT ON crm.customer
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION crm.add_primary_numbers();
CREATE FUNCTION crm.change_primary_number() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM crm.customer_number
     WHERE tenant_id = OLD.tenant_id AND customer_id = OLD.customer_id AND is_primary;
    INSERT INTO crm.customer_number (tenant_id, phone_e164, customer_id, is_primary)
    VALUES (NEW.tenant_id, NEW.phone_e164, NEW.customer_id, true)
        ON CONFLICT (tenant_id, phone_e164, customer_id) DO UPDATE SET is_primary = true;
    RETURN NULL;
END
$$;
ALTER FUNCTION crm.change_primary_number() OWNER TO ringway_owner;
CREATE TRIGGER change_primary_number AFTER UPDATE OF phone_e164 ON crm.customer
    FOR EACH ROW WHEN (OLD.phone_e164 IS DISTINCT FROM NEW.phone_e164)
    EXECUTE FUNCTION crm.change_primary_number();

-- Numbers and tags go with their customer. A foreign key would do the same, but checks an import
-- row by row, which costs it a sixth of its time.
CREATE FUNCTION crm.remove_customer_parts() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM crm.customer_number n USING removed r
     WHERE n.tenant_id = r.tenant_id AND n.customer_id = r.customer_id;
    DELETE FROM crm.customer_tag t USING removed r
     WHERE t.tenant_id = r.tenant_id AND t.customer_id = r.customer_id;
    RETURN NULL;
END
$$;
ALTER FUNCTION crm.remove_customer_parts() OWNER TO ringway_owner;
CREATE TRIGGER remove_customer_parts AFTER DELETE ON crm.customer
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT
    EXECUTE FUNCTION crm.remove_customer_parts();

-- Whom an agent has talked with, by number: it does not matter which came first, the talk or the
-- customer's record.
CREATE TABLE crm.handled_number (
    tenant_id      uuid        NOT NULL,
    agent_id       uuid        NOT NULL,
    phone_e164     text        NOT NULL,
    last_at        timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, agent_id, phone_e164)
);
INSERT INTO crm.handled_number (tenant_id, agent_id, phone_e164, last_at)
SELECT p.tenant_id, p.agent_id, p.phone_e164, max(p.at)
  FROM (SELECT i.tenant_id, s.agent_id,
               CASE i.direction WHEN 'inbound' THEN i.caller ELSE i.called END AS phone_e164,
               coalesce(s.connected_at, i.answered_at, i.started_at, now()) AS at
          FROM crm.interaction i
          JOIN crm.interaction_segment s USING (tenant_id, interaction_id)
        UNION ALL
        SELECT i.tenant_id, i.agent_id,
               CASE i.direction WHEN 'inbound' THEN i.caller ELSE i.called END,
               coalesce(i.connected_at, i.answered_at, i.started_at, now())
          FROM crm.interaction i WHERE i.agent_id IS NOT NULL) p
 WHERE p.phone_e164 <> '' GROUP BY 1, 2, 3;
-- A customer's calls from both sides.
CREATE INDEX interaction_caller ON crm.interaction (tenant_id, caller, interaction_id);

-- A talk that somebody put with a customer by hand: on another number than his own.
CREATE TABLE crm.customer_interaction (
    tenant_id      uuid        NOT NULL,
    customer_id    uuid        NOT NULL,
    interaction_id uuid        NOT NULL,
    linked_by      uuid,
    linked_at      timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, customer_id, interaction_id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES crm.customer ON DELETE CASCADE
);

-- Who changed which field of a record: {"field": [before, after]}.
CREATE TABLE crm.customer_change (
    tenant_id      uuid        NOT NULL,
    customer_id    uuid        NOT NULL,
    change_id      uuid        NOT NULL,
    at             timestamptz NOT NULL,
    user_id        uuid,
    username       text        NOT NULL,
    act            text        NOT NULL,
    changes        jsonb       NOT NULL,
    PRIMARY KEY (tenant_id, customer_id, change_id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES crm.customer ON DELETE CASCADE
);

CREATE TABLE crm.follow_up (
    tenant_id      uuid        NOT NULL,
    follow_up_id   uuid        NOT NULL,
    customer_id    uuid        NOT NULL,
    user_id        uuid        NOT NULL,
    note           text        NOT NULL,
    due_at         timestamptz,
    done_at        timestamptz,
    result         text        NOT NULL DEFAULT '',
    overdue_at     timestamptz,
    plan           text        NOT NULL DEFAULT '',
    version        integer     NOT NULL DEFAULT 1,
    created_by     uuid,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, follow_up_id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES crm.customer ON DELETE CASCADE
);
CREATE INDEX follow_up_of_customer ON crm.follow_up (tenant_id, customer_id, follow_up_id);
CREATE INDEX follow_up_due ON crm.follow_up (tenant_id, user_id, due_at, follow_up_id)
    WHERE done_at IS NULL AND due_at IS NOT NULL;
CREATE INDEX follow_up_overdue ON crm.follow_up (tenant_id, due_at)
    WHERE done_at IS NULL AND overdue_at IS NULL AND due_at IS NOT NULL;

-- How an enterprise treats its customers: grades, claims, reclaiming, rules. The worker looks at
-- a tenant again when look_at has come.
CREATE TABLE crm.customer_policy (
    tenant_id      uuid        PRIMARY KEY,
    policy         jsonb       NOT NULL DEFAULT '{}',
    version        integer     NOT NULL DEFAULT 1,
    updated_at     timestamptz NOT NULL,
    look_at        timestamptz NOT NULL,
    graded_at      timestamptz,
    cared_at       timestamptz
);
CREATE INDEX customer_policy_look ON crm.customer_policy (look_at);

CREATE TABLE crm.customer_segment (
    tenant_id      uuid        NOT NULL,
    segment_id     uuid        NOT NULL,
    name           text        NOT NULL,
    filter         jsonb       NOT NULL,
    version        integer     NOT NULL DEFAULT 1,
    created_by     uuid,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, segment_id)
);
CREATE UNIQUE INDEX customer_segment_name ON crm.customer_segment (tenant_id, lower(name));

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'customer_tag', 'customer_number', 'handled_number', 'customer_interaction', 'customer_change',
        'follow_up', 'customer_policy', 'customer_segment'
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
GRANT SELECT, INSERT, UPDATE, DELETE ON crm.customer_tag, crm.customer_number, crm.handled_number,
    crm.customer_interaction, crm.follow_up, crm.customer_segment TO ringway_crm_api;
GRANT SELECT, INSERT, UPDATE ON crm.customer_policy TO ringway_crm_api;
GRANT SELECT, INSERT, DELETE ON crm.customer_change TO ringway_crm_api;

-- Which tenant's customers the worker looks at now; another replica does not until a_again.
CREATE FUNCTION crm.claim_customer_work(a_now timestamptz, a_again timestamptz) RETURNS uuid
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    UPDATE crm.customer_policy SET look_at = a_again
     WHERE tenant_id = (SELECT tenant_id FROM crm.customer_policy WHERE look_at <= a_now
                         ORDER BY look_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING tenant_id
$$;
ALTER FUNCTION crm.claim_customer_work(timestamptz, timestamptz) OWNER TO ringway_owner;
REVOKE ALL ON FUNCTION crm.claim_customer_work(timestamptz, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.claim_customer_work(timestamptz, timestamptz) TO ringway_crm_api;

-- Roles and keys that were made before go on doing what they did; an agent sees his own.
UPDATE crm.role SET permissions = permissions || ARRAY['customers.create']
 WHERE 'customers.write' = ANY (permissions);
UPDATE crm.role SET permissions = permissions || ARRAY['customers.all']
 WHERE 'customers.read' = ANY (permissions) AND template <> 'agent';
UPDATE crm.api_key SET scopes = scopes || ARRAY['customers.create']
 WHERE 'customers.write' = ANY (scopes);
UPDATE crm.api_key SET scopes = scopes || ARRAY['customers.all']
 WHERE 'customers.read' = ANY (scopes);
