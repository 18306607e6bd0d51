-- Knowledge, the scripts of agents, and notices.

CREATE TABLE crm.knowledge_category (
    tenant_id      uuid NOT NULL REFERENCES crm.tenant,
    category_id    uuid NOT NULL,
    parent_id      uuid,
    name           text NOT NULL,
    position       integer NOT NULL,
    -- [{"grantee": "role:agent" | "team:<id>", "access": "read" | "write"}]; empty: as its parent.
    rules          jsonb NOT NULL DEFAULT '[]',
    version        integer NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, category_id),
    FOREIGN KEY (tenant_id, parent_id) REFERENCES crm.knowledge_category
);
CREATE UNIQUE INDEX knowledge_category_name ON crm.knowledge_category
    (tenant_id, coalesce(parent_id, '00000000-0000-0000-0000-000000000000'), lower(name));
CREATE INDEX knowledge_category_parent ON crm.knowledge_category (tenant_id, parent_id);

-- search is made by the service (core/knowledge/terms.py): PostgreSQL's parser takes a Chinese
-- sentence for one word. draft_of: publishing it changes that article, and it is gone.
CREATE TABLE crm.article (
    tenant_id      uuid NOT NULL REFERENCES crm.tenant,
    article_id     uuid NOT NULL,
    category_id    uuid NOT NULL,
    draft_of       uuid,
    title          text NOT NULL,
    body           text NOT NULL,
    language       text NOT NULL CHECK (language IN ('zh', 'en')),
    tags           text[] NOT NULL DEFAULT '{}',
    product        text NOT NULL DEFAULT '',
    valid_from     timestamptz,
    valid_until    timestamptz,
    state          text NOT NULL CHECK (state IN ('draft', 'published', 'retired')),
    version        integer NOT NULL DEFAULT 1,
    views          bigint NOT NULL DEFAULT 0,
    useful         integer NOT NULL DEFAULT 0,
    not_useful     integer NOT NULL DEFAULT 0,
    search         tsvector NOT NULL,
    created_by     text NOT NULL,
    updated_by     text NOT NULL,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    published_at   timestamptz,
    PRIMARY KEY (tenant_id, article_id),
    FOREIGN KEY (tenant_id, category_id) REFERENCES crm.knowledge_category,
    FOREIGN KEY (tenant_id, draft_of) REFERENCES crm.article ON DELETE CASCADE
);
CREATE INDEX article_category ON crm.article (tenant_id, category_id, article_id);
CREATE INDEX article_drafts ON crm.article (tenant_id, draft_of) WHERE draft_of IS NOT NULL;
CREATE INDEX article_search ON crm.article USING gin (search);

CREATE TABLE crm.article_version (
    tenant_id      uuid NOT NULL,
    article_id     uuid NOT NULL,
    number         integer NOT NULL,
    content        jsonb NOT NULL,
    state          text NOT NULL,
    note           text NOT NULL,
    changed_by     text NOT NULL,
    changed_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, article_id, number),
    FOREIGN KEY (tenant_id, article_id) REFERENCES crm.article ON DELETE CASCADE
);

CREATE TABLE crm.article_attachment (
    tenant_id      uuid NOT NULL,
    attachment_id  uuid NOT NULL,
    article_id     uuid NOT NULL,
    file_name      text NOT NULL,
    media_type     text NOT NULL,
    size_bytes     integer NOT NULL,
    sha256         bytea NOT NULL,
    content        bytea NOT NULL,
    created_by     text NOT NULL,
    created_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, attachment_id),
    FOREIGN KEY (tenant_id, article_id) REFERENCES crm.article ON DELETE CASCADE
);
ALTER TABLE crm.article_attachment ALTER COLUMN content SET STORAGE EXTERNAL;
CREATE INDEX article_attachment_article ON crm.article_attachment
    (tenant_id, article_id, attachment_id);

-- What one user has to do with an article: a favourite, how often he opened it, what he says of it.
CREATE TABLE crm.article_reader (
    tenant_id      uuid NOT NULL,
    article_id     uuid NOT NULL,
    user_id        uuid NOT NULL,
    is_favourite   boolean NOT NULL DEFAULT false,
    views          integer NOT NULL DEFAULT 0,
    viewed_at      timestamptz,
    is_useful      boolean,
    comment        text NOT NULL DEFAULT '',
    said_at        timestamptz,
    PRIMARY KEY (tenant_id, article_id, user_id),
    FOREIGN KEY (tenant_id, article_id) REFERENCES crm.article ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, user_id) REFERENCES crm.user_account ON DELETE CASCADE
);
CREATE INDEX article_reader_favourites ON crm.article_reader (tenant_id, user_id, article_id)
    WHERE is_favourite;

-- An article or a change that somebody proposes. article_id: what it changes, null: a new one.
CREATE TABLE crm.article_suggestion (
    tenant_id      uuid NOT NULL REFERENCES crm.tenant,
    suggestion_id  uuid NOT NULL,
    article_id     uuid,
    category_id    uuid NOT NULL,
    content        jsonb NOT NULL,
    reason         text NOT NULL,
    interaction_id uuid,
    state          text NOT NULL CHECK (state IN ('open', 'accepted', 'refused')),
    author_id      uuid NOT NULL,
    author         text NOT NULL,
    decided_by     text NOT NULL DEFAULT '',
    decided_at     timestamptz,
    decision       text NOT NULL DEFAULT '',
    draft_id       uuid,
    created_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, suggestion_id),
    FOREIGN KEY (tenant_id, article_id) REFERENCES crm.article ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, category_id) REFERENCES crm.knowledge_category ON DELETE CASCADE
);
CREATE INDEX article_suggestion_author ON crm.article_suggestion
    (tenant_id, author_id, suggestion_id);
CREATE INDEX article_suggestion_category ON crm.article_suggestion
    (tenant_id, category_id, suggestion_id);

-- What an agent says: pages with variables, and the answers that lead from one to another.
CREATE TABLE crm.script (
    tenant_id      uuid NOT NULL REFERENCES crm.tenant,
    script_id      uuid NOT NULL,
    name           text NOT NULL,
    language       text NOT NULL CHECK (language IN ('zh', 'en')),
    state          text NOT NULL CHECK (state IN ('draft', 'published', 'retired')),
    definition     jsonb NOT NULL,
    bindings       jsonb NOT NULL,
    version        integer NOT NULL DEFAULT 1,
    created_by     text NOT NULL,
    updated_by     text NOT NULL,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, script_id)
);
CREATE UNIQUE INDEX script_name ON crm.script (tenant_id, lower(name));

CREATE TABLE crm.script_version (
    tenant_id      uuid NOT NULL,
    script_id      uuid NOT NULL,
    number         integer NOT NULL,
    content        jsonb NOT NULL,
    changed_by     text NOT NULL,
    changed_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, script_id, number),
    FOREIGN KEY (tenant_id, script_id) REFERENCES crm.script ON DELETE CASCADE
);

-- What scrolls at the top of people's pages.
CREATE TABLE crm.notice (
    tenant_id      uuid NOT NULL REFERENCES crm.tenant,
    notice_id      uuid NOT NULL,
    text_zh        text NOT NULL,
    text_en        text NOT NULL,
    begins_at      timestamptz NOT NULL,
    ends_at        timestamptz NOT NULL,
    priority       text NOT NULL CHECK (priority IN ('normal', 'high', 'urgent')),
    must_confirm   boolean NOT NULL,
    is_for_all     boolean NOT NULL,
    user_ids       uuid[] NOT NULL,
    team_ids       uuid[] NOT NULL,
    roles          text[] NOT NULL,
    state          text NOT NULL CHECK (state IN ('draft', 'published', 'withdrawn')),
    version        integer NOT NULL DEFAULT 1,
    created_by     uuid NOT NULL,
    author         text NOT NULL,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    published_at   timestamptz,
    withdrawn_at   timestamptz,
    PRIMARY KEY (tenant_id, notice_id)
);
CREATE INDEX notice_shown ON crm.notice (tenant_id, ends_at) WHERE state = 'published';

CREATE TABLE crm.notice_receipt (
    tenant_id      uuid NOT NULL,
    notice_id      uuid NOT NULL,
    user_id        uuid NOT NULL,
    read_at        timestamptz NOT NULL,
    confirmed_at   timestamptz,
    PRIMARY KEY (tenant_id, notice_id, user_id),
    FOREIGN KEY (tenant_id, notice_id) REFERENCES crm.notice ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, user_id) REFERENCES crm.user_account ON DELETE CASCADE
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'knowledge_category', 'article', 'article_version', 'article_attachment', 'article_reader',
        'article_suggestion', 'script', 'script_version', 'notice', 'notice_receipt'
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

GRANT SELECT, INSERT, UPDATE, DELETE ON crm.knowledge_category, crm.article, crm.article_attachment,
    crm.article_reader, crm.script, crm.notice TO ringway_crm_api;
GRANT SELECT, INSERT, UPDATE ON crm.article_suggestion, crm.notice_receipt TO ringway_crm_api;
GRANT SELECT, INSERT ON crm.article_version, crm.script_version TO ringway_crm_api;

-- Under row-level security an index of a function that is not leakproof (@@) is not used. This one
-- looks the present tenant's articles up by it, and tells ids alone.
CREATE FUNCTION crm.find_articles(a_query tsquery) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT article_id FROM crm.article
     WHERE search @@ a_query
       AND tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid
$$;
ALTER FUNCTION crm.find_articles(tsquery) OWNER TO ringway_owner;
REVOKE ALL ON FUNCTION crm.find_articles(tsquery) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.find_articles(tsquery) TO ringway_crm_api;
