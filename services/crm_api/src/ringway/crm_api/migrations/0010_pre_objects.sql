-- Objects of the enterprises' own: definitions, records, their history and files.
CREATE TABLE crm.data_object (
    tenant_id     uuid        NOT NULL REFERENCES crm.tenant,
    object_id     uuid        NOT NULL,
    kind          text        NOT NULL,
    name          text        NOT NULL,
    version       integer     NOT NULL DEFAULT 1,
    definition    jsonb       NOT NULL,
    -- What every key that was ever there holds, so that one that comes back fits what is stored.
    shapes        jsonb       NOT NULL,
    -- For crm.set_key_columns(): the keys in t1..t12, n1..n8, u1..u3 (these after salt and colon).
    keys          text[],
    archived_at   timestamptz,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, object_id)
);
CREATE UNIQUE INDEX data_object_name ON crm.data_object (tenant_id, lower(name))
    WHERE archived_at IS NULL;
-- Customers are one table of an enterprise (R29), so their own fields are one object.
CREATE UNIQUE INDEX data_object_customer ON crm.data_object (tenant_id)
    WHERE kind = 'customer' AND archived_at IS NULL;

CREATE TABLE crm.data_object_version (
    tenant_id     uuid        NOT NULL,
    object_id     uuid        NOT NULL,
    version       integer     NOT NULL,
    definition    jsonb       NOT NULL,
    changed_by    uuid        NOT NULL,
    changed_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, object_id, version),
    FOREIGN KEY (tenant_id, object_id) REFERENCES crm.data_object ON DELETE CASCADE
);

-- Which key column holds which indexed field, and whether all rows have it yet. See the ADR 0017.
CREATE TABLE crm.data_object_key (
    tenant_id     uuid        NOT NULL,
    object_id     uuid        NOT NULL,
    key           text        NOT NULL,
    key_column    text        NOT NULL CHECK (key_column ~ '^[ntu][0-9]{1,2}$'),
    table_name    text        NOT NULL CHECK (table_name IN ('record', 'customer', 'work_order')),
    state         text        NOT NULL CHECK (state IN ('building', 'ready', 'failed')),
    failure       text        NOT NULL DEFAULT '',
    salt          text        NOT NULL DEFAULT '',  -- before unique values: old ones do not count
    -- The build begins when every transaction has ended that may not have seen this row.
    since         bigint,
    done_until    uuid,       -- the last row that the build has been at
    PRIMARY KEY (tenant_id, object_id, key_column)
);
CREATE INDEX data_object_key_building ON crm.data_object_key (tenant_id) WHERE state = 'building';

-- Records of all objects but customers and work orders.
CREATE TABLE crm.record (
    tenant_id      uuid        NOT NULL,
    object_id      uuid        NOT NULL,
    record_id      uuid        NOT NULL,
    data           jsonb       NOT NULL,
    version        integer     NOT NULL DEFAULT 1,
    interaction_id uuid,
    created_by     uuid        NOT NULL,
    created_at     timestamptz NOT NULL,
    updated_by     uuid        NOT NULL,
    updated_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, object_id, record_id)
);
CREATE INDEX record_interaction ON crm.record (tenant_id, interaction_id)
    WHERE interaction_id IS NOT NULL;

-- Fills the key columns of a row from its data. NULL: no field has the column. Empty values are
-- '' and -Infinity, so that one comparison orders all rows of an object. Texts are cut: entries of
-- a b-tree are small. One branch for each column: a loop over them takes twice as long.
CREATE FUNCTION crm.set_key_columns() RETURNS trigger LANGUAGE plpgsql
AS $$
DECLARE
    -- First of all: so every transaction that misses a key below is known to whoever builds it.
    own_xid CONSTANT xid8 := pg_catalog.pg_current_xact_id();
    k text[];
BEGIN
    IF TG_TABLE_NAME = 'customer' THEN
        SELECT o.keys INTO k FROM crm.data_object o
         WHERE o.tenant_id = NEW.tenant_id AND o.kind = 'customer' AND o.archived_at IS NULL;
    ELSE
        SELECT o.keys INTO k FROM crm.data_object o
         WHERE o.tenant_id = NEW.tenant_id AND o.object_id = NEW.object_id;
    END IF;
    IF k IS NULL THEN
        RETURN NEW;
    END IF;
    IF k[1] IS NOT NULL THEN NEW.t1 := left(coalesce(NEW.data ->> k[1], ''), 200); END IF;
    IF k[2] IS NOT NULL THEN NEW.t2 := left(coalesce(NEW.data ->> k[2], ''), 200); END IF;
    IF k[3] IS NOT NULL THEN NEW.t3 := left(coalesce(NEW.data ->> k[3], ''), 200); END IF;
    IF k[4] IS NOT NULL THEN NEW.t4 := left(coalesce(NEW.data ->> k[4], ''), 200); END IF;
    IF k[5] IS NOT NULL THEN NEW.t5 := left(coalesce(NEW.data ->> k[5], ''), 200); END IF;
    IF k[6] IS NOT NULL THEN NEW.t6 := left(coalesce(NEW.data ->> k[6], ''), 200); END IF;
    IF k[7] IS NOT NULL THEN NEW.t7 := left(coalesce(NEW.data ->> k[7], ''), 200); END IF;
    IF k[8] IS NOT NULL THEN NEW.t8 := left(coalesce(NEW.data ->> k[8], ''), 200); END IF;
    IF k[9] IS NOT NULL THEN NEW.t9 := left(coalesce(NEW.data ->> k[9], ''), 200); END IF;
    IF k[10] IS NOT NULL THEN NEW.t10 := left(coalesce(NEW.data ->> k[10], ''), 200); END IF;
    IF k[11] IS NOT NULL THEN NEW.t11 := left(coalesce(NEW.data ->> k[11], ''), 200); END IF;
    IF k[12] IS NOT NULL THEN NEW.t12 := left(coalesce(NEW.data ->> k[12], ''), 200); END IF;
    IF k[13] IS NOT NULL THEN NEW.n1 := crm.number_key(NEW.data -> k[13]); END IF;
    IF k[14] IS NOT NULL THEN NEW.n2 := crm.number_key(NEW.data -> k[14]); END IF;
    IF k[15] IS NOT NULL THEN NEW.n3 := crm.number_key(NEW.data -> k[15]); END IF;
    IF k[16] IS NOT NULL THEN NEW.n4 := crm.number_key(NEW.data -> k[16]); END IF;
    IF k[17] IS NOT NULL THEN NEW.n5 := crm.number_key(NEW.data -> k[17]); END IF;
    IF k[18] IS NOT NULL THEN NEW.n6 := crm.number_key(NEW.data -> k[18]); END IF;
    IF k[19] IS NOT NULL THEN NEW.n7 := crm.number_key(NEW.data -> k[19]); END IF;
    IF k[20] IS NOT NULL THEN NEW.n8 := crm.number_key(NEW.data -> k[20]); END IF;
    IF k[21] IS NOT NULL THEN NEW.u1 := crm.unique_key(k[21], NEW.data); END IF;
    IF k[22] IS NOT NULL THEN NEW.u2 := crm.unique_key(k[22], NEW.data); END IF;
    IF k[23] IS NOT NULL THEN NEW.u3 := crm.unique_key(k[23], NEW.data); END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION crm.number_key(a_value jsonb) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE jsonb_typeof(a_value)
    WHEN 'number' THEN a_value::double precision
    WHEN 'boolean' THEN a_value::boolean::integer::double precision
    ELSE '-Infinity'::double precision END;

-- A hash tells what was cut. The salt before it is another one each time that the field becomes
-- unique: values of before do not count.
CREATE FUNCTION crm.unique_key(a_key text, a_data jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    a_value CONSTANT text := a_data ->> split_part(a_key, ':', 2);
BEGIN
    RETURN split_part(a_key, ':', 1) || ':' || CASE WHEN length(a_value) > 200
        THEN left(a_value, 160) || md5(a_value) ELSE a_value END;
END
$$;

-- Gives a table its key columns. It has tenant_id, data, and but for customers object_id.
CREATE FUNCTION crm.add_key_columns(a_table text, a_id text) RETURNS void LANGUAGE plpgsql
AS $$
DECLARE
    a_scope text := CASE WHEN a_table = 'customer' THEN 'tenant_id' ELSE 'tenant_id, object_id' END;
    n integer;
    a_column text;
BEGIN
    FOR n IN 1..23 LOOP
        a_column := CASE WHEN n <= 12 THEN 't' || n WHEN n <= 20 THEN 'n' || (n - 12)
                         ELSE 'u' || (n - 20) END;
        CONTINUE WHEN n > 20 AND a_table <> 'record';
        EXECUTE format('ALTER TABLE crm.%I ADD COLUMN %I %s', a_table, a_column,
            CASE WHEN n BETWEEN 13 AND 20 THEN 'double precision' ELSE 'text COLLATE "C"' END);
        IF n > 20 THEN
            EXECUTE format('CREATE UNIQUE INDEX %I ON crm.%I (%s, %I) WHERE %I IS NOT NULL',
                a_table || '_' || a_column, a_table, a_scope, a_column, a_column);
        ELSE
            EXECUTE format('CREATE INDEX %I ON crm.%I (%s, %I, %I) WHERE %I IS NOT NULL',
                a_table || '_' || a_column, a_table, a_scope, a_column, a_id, a_column);
        END IF;
    END LOOP;
    EXECUTE format('CREATE TRIGGER set_key_columns BEFORE INSERT OR UPDATE OF data ON crm.%I '
        'FOR EACH ROW EXECUTE FUNCTION crm.set_key_columns()', a_table);
END
$$;
SELECT crm.add_key_columns('record', 'record_id'), crm.add_key_columns('customer', 'customer_id');

-- Who changed what of one thing: a record, and whatever else has fields of an object.
CREATE TABLE crm.record_change (
    tenant_id     uuid        NOT NULL,
    record_id     uuid        NOT NULL,
    version       integer     NOT NULL,
    object_id     uuid,
    act           text        NOT NULL CHECK (act IN ('created', 'changed')),
    changes       jsonb       NOT NULL,  -- by key: [old, new]
    changed_by    uuid        NOT NULL,
    changed_by_name text      NOT NULL,
    changed_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, record_id, version)
);

CREATE TABLE crm.record_file (
    tenant_id     uuid        NOT NULL,
    record_id     uuid        NOT NULL,
    file_id       uuid        NOT NULL,
    object_id     uuid        NOT NULL,
    key           text        NOT NULL,
    name          text        NOT NULL,
    content_type  text        NOT NULL,
    size_bytes    integer     NOT NULL,
    sha256        bytea       NOT NULL,
    content       bytea       NOT NULL,
    created_by    uuid        NOT NULL,
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, record_id, file_id)
);
ALTER TABLE crm.record_file ALTER COLUMN content SET STORAGE EXTERNAL;

-- Which work orders pop: by campaign, queue or service number, else the enterprise's default.
CREATE TABLE crm.object_binding (
    tenant_id     uuid        NOT NULL,
    binding_id    uuid        NOT NULL,
    target        text        NOT NULL CHECK (target IN ('campaign', 'queue', 'number', 'default')),
    target_id     text        NOT NULL,
    object_ids    uuid[]      NOT NULL,
    version       integer     NOT NULL DEFAULT 1,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, binding_id),
    UNIQUE (tenant_id, target, target_id)
);

-- What was found for an interaction and travels with it (R17).
CREATE TABLE crm.attached_data (
    tenant_id      uuid        NOT NULL,
    interaction_id uuid        NOT NULL,
    object_id      uuid        NOT NULL,
    record_id      uuid        NOT NULL,
    data           jsonb       NOT NULL,
    attached_by    text        NOT NULL,
    attached_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, interaction_id, object_id)
);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['data_object', 'data_object_version', 'data_object_key', 'record',
                                'record_change', 'record_file', 'object_binding', 'attached_data']
    LOOP
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
GRANT SELECT, INSERT, UPDATE ON crm.data_object TO ringway_crm_api;
GRANT SELECT, INSERT ON crm.data_object_version TO ringway_crm_api;
GRANT SELECT, INSERT, DELETE ON crm.record_change, crm.record_file TO ringway_crm_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON crm.data_object_key, crm.record, crm.object_binding,
    crm.attached_data TO ringway_crm_api;

-- Which tenants have a key column to build; the worker that asks then works as that tenant.
CREATE FUNCTION crm.tenants_building_keys() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT DISTINCT tenant_id FROM crm.data_object_key WHERE state = 'building' LIMIT 100
$$;
REVOKE ALL ON FUNCTION crm.tenants_building_keys() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.tenants_building_keys() TO ringway_crm_api;
