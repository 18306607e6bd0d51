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
    PRIMARY KEY (tenant_id, table_name, object_id, key_column)
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
-- '' and -Infinity, so that one comparison orders all rows of an object.
-- Texts are cut: entries of a b-tree are small. Where values must differ, a hash tells what was cut.
CREATE FUNCTION crm.set_key_columns() RETURNS trigger LANGUAGE plpgsql
AS $$
DECLARE
    -- First of all: so every transaction that misses a key below is known to whoever builds it.
    own_xid CONSTANT xid8 := pg_catalog.pg_current_xact_id();
    found text[];
    a_column text;
    a_key text;
    a_value text;
    text_key text;
    number_key double precision;
    unique_key text;
BEGIN
    -- One array, and no loop over rows: most rows have no keys, and each is asked.
    IF TG_TABLE_NAME = 'customer' THEN
        SELECT array_agg(ARRAY[k.key_column, k.key, k.salt]) INTO found FROM crm.data_object_key k
         WHERE k.tenant_id = NEW.tenant_id AND k.table_name = 'customer' AND k.state <> 'failed';
    ELSE
        SELECT array_agg(ARRAY[k.key_column, k.key, k.salt]) INTO found FROM crm.data_object_key k
         WHERE k.tenant_id = NEW.tenant_id AND k.table_name = TG_TABLE_NAME
           AND k.object_id = NEW.object_id AND k.state <> 'failed';
    END IF;
    FOR n IN 1 .. coalesce(array_length(found, 1), 0) LOOP
        a_column := found[n][1];
        a_key := found[n][2];
        a_value := NEW.data ->> a_key;
        IF a_column LIKE 'n%' THEN
            number_key := CASE jsonb_typeof(NEW.data -> a_key)
                WHEN 'number' THEN a_value::double precision
                WHEN 'boolean' THEN a_value::boolean::integer
                ELSE '-Infinity' END;
        ELSIF a_column LIKE 't%' THEN
            text_key := left(coalesce(a_value, ''), 200);
        ELSE
            unique_key := found[n][3] || CASE WHEN length(a_value) > 200
                THEN left(a_value, 160) || md5(a_value) ELSE a_value END;
        END IF;
        CASE a_column
            WHEN 't1' THEN NEW.t1 := text_key;
            WHEN 't2' THEN NEW.t2 := text_key;
            WHEN 't3' THEN NEW.t3 := text_key;
            WHEN 't4' THEN NEW.t4 := text_key;
            WHEN 't5' THEN NEW.t5 := text_key;
            WHEN 't6' THEN NEW.t6 := text_key;
            WHEN 't7' THEN NEW.t7 := text_key;
            WHEN 't8' THEN NEW.t8 := text_key;
            WHEN 't9' THEN NEW.t9 := text_key;
            WHEN 't10' THEN NEW.t10 := text_key;
            WHEN 't11' THEN NEW.t11 := text_key;
            WHEN 't12' THEN NEW.t12 := text_key;
            WHEN 'n1' THEN NEW.n1 := number_key;
            WHEN 'n2' THEN NEW.n2 := number_key;
            WHEN 'n3' THEN NEW.n3 := number_key;
            WHEN 'n4' THEN NEW.n4 := number_key;
            WHEN 'n5' THEN NEW.n5 := number_key;
            WHEN 'n6' THEN NEW.n6 := number_key;
            WHEN 'n7' THEN NEW.n7 := number_key;
            WHEN 'n8' THEN NEW.n8 := number_key;
            WHEN 'u1' THEN NEW.u1 := unique_key;
            WHEN 'u2' THEN NEW.u2 := unique_key;
            WHEN 'u3' THEN NEW.u3 := unique_key;
        END CASE;
    END LOOP;
    RETURN NEW;
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
