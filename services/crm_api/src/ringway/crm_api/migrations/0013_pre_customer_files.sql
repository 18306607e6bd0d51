-- Customers in files and in bulk: jobs in the background, what undoes them, merges, erasures.

-- One import or one act on many customers. Replicas claim jobs by a lease: a job whose replica
-- died goes on with another one from its position. ``claim`` fences out the one that lost it.
CREATE TABLE crm.customer_job (
    tenant_id      uuid        NOT NULL,
    job_id         uuid        NOT NULL,
    kind           text        NOT NULL CHECK (kind IN ('import', 'bulk')),
    act            text        NOT NULL,
    state          text        NOT NULL CHECK (state IN (
        'proposed', 'waiting', 'running', 'finished', 'failed', 'cancelled', 'undoing', 'undone')),
    batch_number   text,
    file_name      text        NOT NULL DEFAULT '',
    options        jsonb       NOT NULL,
    counts         jsonb       NOT NULL DEFAULT '{}',
    preview        jsonb       NOT NULL DEFAULT '[]',
    position       text        NOT NULL DEFAULT '',
    failure_code   text        NOT NULL DEFAULT '',
    failure        text        NOT NULL DEFAULT '',
    caller         jsonb       NOT NULL,
    created_by     uuid        NOT NULL,
    created_at     timestamptz NOT NULL,
    finished_at    timestamptz,
    claim          uuid,
    lease_until    timestamptz,
    tries          integer     NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, job_id)
);
CREATE INDEX customer_job_open ON crm.customer_job (created_at)
    WHERE state IN ('waiting', 'running', 'undoing');
CREATE INDEX customer_job_of_kind ON crm.customer_job (tenant_id, kind, job_id);

-- The file of an import, in parts, until it is read to its end.
CREATE TABLE crm.customer_file (
    tenant_id      uuid        NOT NULL,
    job_id         uuid        NOT NULL,
    part           integer     NOT NULL,
    content        bytea       NOT NULL,
    PRIMARY KEY (tenant_id, job_id, part),
    FOREIGN KEY (tenant_id, job_id) REFERENCES crm.customer_job ON DELETE CASCADE
);
ALTER TABLE crm.customer_file ALTER COLUMN content SET STORAGE EXTERNAL;

CREATE TABLE crm.customer_file_error (
    tenant_id      uuid        NOT NULL,
    job_id         uuid        NOT NULL,
    line           integer     NOT NULL,
    column_name    text        NOT NULL,
    value          text        NOT NULL,
    code           text        NOT NULL,
    detail         text        NOT NULL,
    PRIMARY KEY (tenant_id, job_id, line),
    FOREIGN KEY (tenant_id, job_id) REFERENCES crm.customer_job ON DELETE CASCADE
);

-- Customers as they were before a job changed them, and the version that the job made.
CREATE TABLE crm.customer_before (
    tenant_id      uuid        NOT NULL,
    job_id         uuid        NOT NULL,
    customer_id    uuid        NOT NULL,
    version_after  integer     NOT NULL,
    before         jsonb       NOT NULL,
    PRIMARY KEY (tenant_id, job_id, customer_id),
    FOREIGN KEY (tenant_id, job_id) REFERENCES crm.customer_job ON DELETE CASCADE
);
CREATE INDEX customer_before_of ON crm.customer_before (tenant_id, customer_id);

-- Two records of one party became one. ``record`` is what undoes it.
CREATE TABLE crm.customer_merge (
    tenant_id      uuid        NOT NULL,
    merge_id       uuid        NOT NULL,
    survivor_id    uuid        NOT NULL,
    merged_id      uuid        NOT NULL,
    version_after  integer     NOT NULL,
    record         jsonb       NOT NULL,
    merged_by      uuid        NOT NULL,
    merged_at      timestamptz NOT NULL,
    undone_by      uuid,
    undone_at      timestamptz,
    PRIMARY KEY (tenant_id, merge_id)
);
CREATE INDEX customer_merge_survivor ON crm.customer_merge (tenant_id, survivor_id);

-- The id of a customer who was merged into another leads to that one.
CREATE TABLE crm.customer_alias (
    tenant_id      uuid        NOT NULL,
    customer_id    uuid        NOT NULL,
    survivor_id    uuid        NOT NULL,
    PRIMARY KEY (tenant_id, customer_id),
    FOREIGN KEY (tenant_id, survivor_id) REFERENCES crm.customer ON DELETE CASCADE
);
CREATE INDEX customer_alias_survivor ON crm.customer_alias (tenant_id, survivor_id);

-- What was erased of one person, without saying who it was.
CREATE TABLE crm.customer_erasure (
    tenant_id      uuid        NOT NULL,
    erasure_id     uuid        NOT NULL,
    customer_id    uuid        NOT NULL,
    reason         text        NOT NULL,
    certificate    jsonb       NOT NULL,
    erased_by      uuid        NOT NULL,
    erased_at      timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, erasure_id)
);
CREATE INDEX customer_erasure_customer ON crm.customer_erasure (tenant_id, customer_id);

-- Which customers share a main e-mail address.
CREATE INDEX customer_email ON crm.customer (tenant_id, lower(emails[1]), customer_id)
    WHERE emails <> '{}';

-- Under row-level security no index serves an expression; these two look inside of the tenant that
-- the transaction names, and of no other.
CREATE FUNCTION crm.customers_by_email(a_emails text[])
RETURNS TABLE (email text, customer_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT lower(c.emails[1]), c.customer_id
      FROM unnest(a_emails) AS w (email)
      JOIN crm.customer c
        ON c.tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid
       AND c.emails <> '{}' AND lower(c.emails[1]) = w.email
$$;
ALTER FUNCTION crm.customers_by_email(text[]) OWNER TO ringway_owner;
REVOKE ALL ON FUNCTION crm.customers_by_email(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.customers_by_email(text[]) TO ringway_crm_api;

CREATE FUNCTION crm.emails_of_several(a_after text, a_limit integer) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT lower(c.emails[1]) FROM crm.customer c
     WHERE c.tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid
       AND c.emails <> '{}' AND lower(c.emails[1]) > a_after
     GROUP BY 1 HAVING count(*) > 1 ORDER BY 1 LIMIT a_limit
$$;
ALTER FUNCTION crm.emails_of_several(text, integer) OWNER TO ringway_owner;
REVOKE ALL ON FUNCTION crm.emails_of_several(text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.emails_of_several(text, integer) TO ringway_crm_api;

-- A name or an address as it is compared: no case, width, blanks or punctuation.
CREATE FUNCTION crm.text_key(a_text text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT regexp_replace(lower(normalize(a_text, NFKC) COLLATE "pg_c_utf8"),
                          '[^[:alnum:]]+', '', 'g')
$$;
ALTER FUNCTION crm.text_key(text) OWNER TO ringway_owner;

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'customer_job', 'customer_file', 'customer_file_error', 'customer_before',
        'customer_merge', 'customer_alias', 'customer_erasure'
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
GRANT SELECT, INSERT, UPDATE, DELETE ON crm.customer_job, crm.customer_file,
    crm.customer_file_error, crm.customer_before, crm.customer_merge, crm.customer_alias
    TO ringway_crm_api;
GRANT SELECT, INSERT ON crm.customer_erasure TO ringway_crm_api;

-- The next job of any tenant that nobody works on.
CREATE FUNCTION crm.claim_customer_job(a_now timestamptz, a_until timestamptz, a_claim uuid)
RETURNS TABLE (tenant_id uuid, job_id uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    UPDATE crm.customer_job j
       SET claim = a_claim, lease_until = a_until, tries = j.tries + 1,
           state = CASE j.state WHEN 'waiting' THEN 'running' ELSE j.state END
     WHERE (j.tenant_id, j.job_id) = (
           SELECT o.tenant_id, o.job_id FROM crm.customer_job o
            WHERE o.state IN ('waiting', 'running', 'undoing')
              AND (o.lease_until IS NULL OR o.lease_until <= a_now)
            ORDER BY o.created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING j.tenant_id, j.job_id
$$;
ALTER FUNCTION crm.claim_customer_job(timestamptz, timestamptz, uuid) OWNER TO ringway_owner;
REVOKE ALL ON FUNCTION crm.claim_customer_job(timestamptz, timestamptz, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.claim_customer_job(timestamptz, timestamptz, uuid)
    TO ringway_crm_api;

-- What nobody can undo or ask for any more. Returns the number of jobs touched.
CREATE FUNCTION crm.prune_customer_jobs(a_now timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    total bigint := 0;
    part bigint;
BEGIN
    DELETE FROM crm.customer_job WHERE state = 'proposed' AND created_at < a_now - interval '1 day';
    GET DIAGNOSTICS part = ROW_COUNT; total := total + part;
    WITH old AS (
        SELECT tenant_id, job_id FROM crm.customer_job
         WHERE state IN ('finished', 'failed', 'cancelled', 'undone')
           AND finished_at < a_now - interval '30 days'
    ), errors AS (
        DELETE FROM crm.customer_file_error e USING old
         WHERE e.tenant_id = old.tenant_id AND e.job_id = old.job_id
    )
    DELETE FROM crm.customer_before b USING old
     WHERE b.tenant_id = old.tenant_id AND b.job_id = old.job_id;
    GET DIAGNOSTICS part = ROW_COUNT; total := total + part;
    UPDATE crm.customer_job SET preview = '[]'
     WHERE preview <> '[]' AND finished_at < a_now - interval '30 days';
    RETURN total;
END
$$;
ALTER FUNCTION crm.prune_customer_jobs(timestamptz) OWNER TO ringway_owner;
REVOKE ALL ON FUNCTION crm.prune_customer_jobs(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.prune_customer_jobs(timestamptz) TO ringway_crm_api;

-- A text without what names one person. What was nothing but a number becomes empty.
CREATE FUNCTION crm.masked(a_text text, a_needles text[], a_names text[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    needle text;
BEGIN
    IF a_text = ANY (a_needles) OR a_text = ANY (a_names) THEN
        RETURN '';
    END IF;
    FOREACH needle IN ARRAY a_needles || a_names LOOP
        a_text := replace(a_text, needle, '***');
    END LOOP;
    RETURN a_text;
END
$$;
ALTER FUNCTION crm.masked(text, text[], text[]) OWNER TO ringway_owner;

-- Masks one person in every table of the tenant that the transaction names: in rows that refer to
-- one of a_ids, or hold one of a_needles (numbers, e-mail addresses), these and a_names go.
-- Tables that the caller has treated himself, and the chain of the audit log, are a_skipped.
-- rows = -1: a rule of the table forbids it.
CREATE FUNCTION crm.erase_person(
    a_ids uuid[], a_needles text[], a_names text[], a_skipped text[])
RETURNS TABLE (name text, rows bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    tenant uuid := nullif(current_setting('ringway.tenant_id', true), '')::uuid;
    patterns text[] := ARRAY(
        SELECT '%' || replace(replace(replace(n, '\', '\\'), '%', '\%'), '_', '\_') || '%'
          FROM unnest(a_needles || a_ids::text[]) n);
    rel record;
    sets text;
    whole text;
    refers text;
BEGIN
    FOR rel IN
        SELECT c.oid, c.relname FROM pg_class c
         WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind = 'r'
           AND c.relname <> ALL (a_skipped)
           AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid
                          AND a.attname = 'tenant_id' AND NOT a.attisdropped)
         ORDER BY c.relname
    LOOP
        SELECT string_agg(format(CASE a.atttypid
                   WHEN 'text'::regtype THEN '%1$I = crm.masked(t.%1$I, $3, $4)'
                   WHEN 'jsonb'::regtype THEN '%1$I = crm.masked(t.%1$I::text, $3, $4)::jsonb'
                   ELSE '%1$I = CASE WHEN t.%1$I IS NOT NULL THEN ARRAY('
                        'SELECT crm.masked(e, $3, $4) FROM unnest(t.%1$I) e) END'
               END, a.attname), ', '),
               string_agg(format('t.%I::text', a.attname), ', ')
          INTO sets, whole
          FROM pg_attribute a
         WHERE a.attrelid = rel.oid AND a.attnum > 0 AND NOT a.attisdropped
           AND a.attgenerated = ''
           AND a.atttypid IN ('text'::regtype, 'jsonb'::regtype, 'text[]'::regtype)
           AND NOT EXISTS (SELECT 1 FROM pg_constraint p WHERE p.conrelid = rel.oid
                              AND p.contype IN ('p', 'f') AND a.attnum = ANY (p.conkey));
        CONTINUE WHEN sets IS NULL;
        SELECT string_agg(format('t.%I = ANY ($2) OR ', a.attname), '')
          INTO refers
          FROM pg_attribute a
         WHERE a.attrelid = rel.oid AND a.attnum > 0 AND NOT a.attisdropped
           AND a.atttypid = 'uuid'::regtype AND a.attname <> 'tenant_id';
        name := rel.relname;
        BEGIN
            EXECUTE format(
                'UPDATE crm.%I t SET %s WHERE t.tenant_id = $1 AND (%s '
                'concat_ws('' '', %s) LIKE ANY ($5))', rel.relname, sets, refers, whole)
                USING tenant, a_ids, a_needles, a_names, patterns;
            GET DIAGNOSTICS rows = ROW_COUNT;
        EXCEPTION WHEN check_violation OR unique_violation OR not_null_violation THEN
            rows := -1;
        END;
        IF rows <> 0 THEN
            RETURN NEXT;
        END IF;
    END LOOP;
END
$$;
ALTER FUNCTION crm.erase_person(uuid[], text[], text[], text[]) OWNER TO ringway_owner;
REVOKE ALL ON FUNCTION crm.erase_person(uuid[], text[], text[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.erase_person(uuid[], text[], text[], text[]) TO ringway_crm_api;
