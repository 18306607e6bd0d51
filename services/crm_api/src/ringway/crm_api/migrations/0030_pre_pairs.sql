-- Lists that are filtered by one own field and ordered by another: pair columns, p1..p4, as the key
-- columns of 0010, in which the value of the one stands before that of the other. See ADR 0017.
ALTER TABLE crm.data_object_key DROP CONSTRAINT data_object_key_key_column_check,
    ADD CONSTRAINT data_object_key_key_column_check CHECK (key_column ~ '^[ntup][0-9]{1,2}$');

-- A number as a text of 16 characters that orders as it does.
CREATE FUNCTION crm.number_text(a_number double precision) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
    bits CONSTANT text := encode(float8send(a_number + 0), 'hex');
BEGIN
    RETURN CASE WHEN bits < '8' COLLATE "C"
        THEN translate(left(bits, 1), '01234567', '89abcdef') || substr(bits, 2)
        ELSE translate(bits, '0123456789abcdef', 'fedcba9876543210') END;
END
$$;

-- a_pair: how the two are compared (t or n), which one filters, which one orders: 'tn:tier:balance'.
-- Where the first value ends, nothing in it says the same (chr(1) in it is chr(1) and chr(3)).
CREATE FUNCTION crm.pair_key(a_pair text, a_data jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    a_filter CONSTANT text := split_part(a_pair, ':', 2);
    an_order CONSTANT text := split_part(a_pair, ':', 3);
BEGIN
    RETURN CASE WHEN a_pair LIKE 'n%' THEN crm.number_text(crm.number_key(a_data -> a_filter))
        ELSE replace(left(coalesce(a_data ->> a_filter, ''), 200), chr(1), chr(1) || chr(3)) END
        || chr(1) || chr(2) ||
        CASE WHEN a_pair LIKE '_n%' THEN crm.number_text(crm.number_key(a_data -> an_order))
        ELSE left(coalesce(a_data ->> an_order, ''), 200) END;
END
$$;

-- As in 0010, with pairs.
CREATE OR REPLACE FUNCTION crm.set_key_columns() RETURNS trigger LANGUAGE plpgsql
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
    IF k[24] IS NOT NULL THEN NEW.p1 := crm.pair_key(k[24], NEW.data); END IF;
    IF k[25] IS NOT NULL THEN NEW.p2 := crm.pair_key(k[25], NEW.data); END IF;
    IF k[26] IS NOT NULL THEN NEW.p3 := crm.pair_key(k[26], NEW.data); END IF;
    IF k[27] IS NOT NULL THEN NEW.p4 := crm.pair_key(k[27], NEW.data); END IF;
    RETURN NEW;
END
$$;

DO $$
DECLARE
    a_table text;
    n integer;
    a_scope text;
BEGIN
    FOREACH a_table IN ARRAY ARRAY['record', 'customer', 'work_order'] LOOP
        a_scope := CASE WHEN a_table = 'customer' THEN 'tenant_id' ELSE 'tenant_id, object_id' END;
        FOR n IN 1..4 LOOP
            EXECUTE format('ALTER TABLE crm.%I ADD COLUMN p%s text COLLATE "C"', a_table, n);
            EXECUTE format('CREATE INDEX %I ON crm.%I (%s, p%s, %I) WHERE p%s IS NOT NULL',
                a_table || '_p' || n, a_table, a_scope, n, a_table || '_id', n);
        END LOOP;
    END LOOP;
END
$$;
