-- Products and prices, sales orders and their books, questionnaires, member cards, media sources.
-- Money is in minor units of its currency, rates are in basis points.

CREATE TABLE crm.product_category (
    tenant_id      uuid NOT NULL REFERENCES crm.tenant,
    category_id    uuid NOT NULL,
    name           text NOT NULL,
    version        integer NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, category_id)
);
CREATE UNIQUE INDEX product_category_name ON crm.product_category (tenant_id, lower(name));

-- stock: units that can still be sold; null: it is not counted.
CREATE TABLE crm.product (
    tenant_id      uuid NOT NULL REFERENCES crm.tenant,
    product_id     uuid NOT NULL,
    code           text NOT NULL,
    name           text NOT NULL,
    category_id    uuid,
    tax_bp         integer NOT NULL CHECK (tax_bp BETWEEN 0 AND 10000),
    needs_shipping boolean NOT NULL,
    stock          integer CHECK (stock >= 0),
    is_active      boolean NOT NULL,
    version        integer NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, product_id),
    FOREIGN KEY (tenant_id, category_id) REFERENCES crm.product_category
);
CREATE UNIQUE INDEX product_code ON crm.product (tenant_id, code);
CREATE INDEX product_in_category ON crm.product (tenant_id, category_id, code);

CREATE TABLE crm.product_price (
    tenant_id      uuid NOT NULL,
    product_id     uuid NOT NULL,
    currency       text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    valid_from     timestamptz NOT NULL,
    valid_until    timestamptz CHECK (valid_until > valid_from),
    amount         bigint NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (tenant_id, product_id, currency, valid_from),
    FOREIGN KEY (tenant_id, product_id) REFERENCES crm.product ON DELETE CASCADE
);

-- How an enterprise sells; without a row the defaults hold. discount_limits: basis points by role.
CREATE TABLE crm.order_settings (
    tenant_id           uuid PRIMARY KEY REFERENCES crm.tenant,
    number_prefix       text NOT NULL,
    prices_include_tax  boolean NOT NULL,
    ships_only_paid     boolean NOT NULL,
    discount_limits     jsonb NOT NULL,
    version             integer NOT NULL DEFAULT 1,
    updated_at          timestamptz NOT NULL
);
CREATE TABLE crm.order_counter (
    tenant_id      uuid PRIMARY KEY REFERENCES crm.tenant,
    last_no        bigint NOT NULL
);

-- The states and sums are what core/orders reads from the books, written with every entry so that
-- lists filter and sort by them. request_key: a repeated request finds what the first one made.
CREATE TABLE crm.sales_order (
    tenant_id           uuid NOT NULL REFERENCES crm.tenant,
    order_id            uuid NOT NULL,
    order_number        text NOT NULL,
    customer_id         uuid,
    currency            text NOT NULL,
    prices_include_tax  boolean NOT NULL,
    order_discount      bigint NOT NULL CHECK (order_discount >= 0),
    delivery            jsonb,
    note                text NOT NULL,
    agent_id            uuid NOT NULL,
    campaign_id         uuid,
    interaction_id      uuid,
    dialed_e164         text,
    media_source_id     uuid,
    placement_id        uuid,
    list_amount         bigint NOT NULL,
    discount            bigint NOT NULL,
    net                 bigint NOT NULL,
    tax                 bigint NOT NULL,
    total               bigint NOT NULL CHECK (total >= 0),
    received            bigint NOT NULL DEFAULT 0,
    refunded            bigint NOT NULL DEFAULT 0,
    state               text NOT NULL,
    payment_state       text NOT NULL,
    shipment_state      text NOT NULL,
    shipped_at          timestamptz,
    completed_at        timestamptz,
    closed_at           timestamptz,
    cancelled_at        timestamptz,
    cancel_reason       text NOT NULL DEFAULT '',
    request_key         text,
    version             integer NOT NULL DEFAULT 1,
    created_at          timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, order_id),
    CHECK (refunded >= 0 AND refunded <= received)
);
CREATE UNIQUE INDEX sales_order_number ON crm.sales_order (tenant_id, order_number);
CREATE UNIQUE INDEX sales_order_request ON crm.sales_order (tenant_id, agent_id, request_key);
CREATE INDEX sales_order_created ON crm.sales_order (tenant_id, created_at, order_id);
CREATE INDEX sales_order_updated ON crm.sales_order (tenant_id, updated_at, order_id);
CREATE INDEX sales_order_total ON crm.sales_order (tenant_id, total, order_id);
CREATE INDEX sales_order_customer ON crm.sales_order (tenant_id, customer_id, order_id);
CREATE INDEX sales_order_state ON crm.sales_order (tenant_id, state, created_at, order_id);
CREATE INDEX sales_order_interaction ON crm.sales_order (tenant_id, interaction_id)
    WHERE interaction_id IS NOT NULL;

-- Name, price and tax rate are those of the day on which the line was entered.
CREATE TABLE crm.sales_order_line (
    tenant_id      uuid NOT NULL,
    order_id       uuid NOT NULL,
    line_no        integer NOT NULL,
    product_id     uuid NOT NULL,
    code           text NOT NULL,
    name           text NOT NULL,
    quantity       integer NOT NULL CHECK (quantity > 0),
    unit_price     bigint NOT NULL CHECK (unit_price >= 0),
    tax_bp         integer NOT NULL,
    discount_bp    integer NOT NULL CHECK (discount_bp BETWEEN 0 AND 10000),
    needs_shipping boolean NOT NULL,
    is_stocked     boolean NOT NULL,
    list_amount    bigint NOT NULL,
    discount       bigint NOT NULL,
    net            bigint NOT NULL,
    tax            bigint NOT NULL,
    total          bigint NOT NULL CHECK (total >= 0),
    PRIMARY KEY (tenant_id, order_id, line_no),
    FOREIGN KEY (tenant_id, order_id) REFERENCES crm.sales_order ON DELETE CASCADE
);
CREATE INDEX sales_order_line_product ON crm.sales_order_line (tenant_id, product_id, order_id);

-- Money that came and went. Nothing is changed or removed: a mistake is paid back.
CREATE TABLE crm.sales_order_payment (
    tenant_id      uuid NOT NULL,
    order_id       uuid NOT NULL,
    payment_id     uuid NOT NULL,
    kind           text NOT NULL CHECK (kind IN ('received', 'refunded')),
    method         text NOT NULL,
    amount         bigint NOT NULL CHECK (amount > 0),
    reference      text NOT NULL,
    note           text NOT NULL,
    booked_by      uuid NOT NULL,
    request_key    text,
    booked_at      timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, order_id, payment_id),
    FOREIGN KEY (tenant_id, order_id) REFERENCES crm.sales_order ON DELETE CASCADE
);
CREATE UNIQUE INDEX sales_order_payment_request
    ON crm.sales_order_payment (tenant_id, order_id, booked_by, request_key);

CREATE TABLE crm.shipment (
    tenant_id      uuid NOT NULL,
    order_id       uuid NOT NULL,
    shipment_id    uuid NOT NULL,
    carrier        text NOT NULL,
    tracking       text NOT NULL,
    shipped_at     timestamptz NOT NULL,
    delivered_at   timestamptz,
    booked_by      uuid NOT NULL,
    request_key    text,
    PRIMARY KEY (tenant_id, order_id, shipment_id),
    FOREIGN KEY (tenant_id, order_id) REFERENCES crm.sales_order ON DELETE CASCADE
);
CREATE UNIQUE INDEX shipment_request
    ON crm.shipment (tenant_id, order_id, booked_by, request_key);
CREATE TABLE crm.shipment_line (
    tenant_id      uuid NOT NULL,
    order_id       uuid NOT NULL,
    shipment_id    uuid NOT NULL,
    line_no        integer NOT NULL,
    quantity       integer NOT NULL CHECK (quantity > 0),
    returned       integer NOT NULL DEFAULT 0,
    CHECK (returned >= 0 AND returned <= quantity),
    PRIMARY KEY (tenant_id, order_id, shipment_id, line_no),
    FOREIGN KEY (tenant_id, order_id, shipment_id) REFERENCES crm.shipment ON DELETE CASCADE
);

-- What happened to an order, and by whom.
CREATE TABLE crm.sales_order_event (
    tenant_id      uuid NOT NULL,
    order_id       uuid NOT NULL,
    seq            integer NOT NULL,
    at             timestamptz NOT NULL,
    actor_id       uuid NOT NULL,
    actor          text NOT NULL,
    kind           text NOT NULL,
    detail         jsonb NOT NULL,
    PRIMARY KEY (tenant_id, order_id, seq),
    FOREIGN KEY (tenant_id, order_id) REFERENCES crm.sales_order ON DELETE CASCADE
);

-- Questionnaires: one draft, and versions that never change.
CREATE TABLE crm.questionnaire (
    tenant_id         uuid NOT NULL REFERENCES crm.tenant,
    questionnaire_id  uuid NOT NULL,
    name              text NOT NULL,
    draft             jsonb NOT NULL,
    latest            integer NOT NULL DEFAULT 0,
    is_archived       boolean NOT NULL DEFAULT false,
    version           integer NOT NULL DEFAULT 1,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, questionnaire_id)
);
CREATE TABLE crm.questionnaire_version (
    tenant_id         uuid NOT NULL,
    questionnaire_id  uuid NOT NULL,
    number            integer NOT NULL,
    design            jsonb NOT NULL,
    published_by      text NOT NULL,
    published_at      timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, questionnaire_id, number),
    FOREIGN KEY (tenant_id, questionnaire_id) REFERENCES crm.questionnaire
);

-- One interview. position: the question that is asked now; null at the end.
CREATE TABLE crm.questionnaire_run (
    tenant_id         uuid NOT NULL,
    run_id            uuid NOT NULL,
    questionnaire_id  uuid NOT NULL,
    number            integer NOT NULL,
    language          text NOT NULL,
    channel           text NOT NULL CHECK (channel IN ('agent', 'ivr')),
    state             text NOT NULL CHECK (state IN ('running', 'broken_off', 'finished')),
    position          text,
    score             double precision NOT NULL DEFAULT 0,
    agent_id          uuid,
    customer_id       uuid,
    interaction_id    uuid,
    campaign_id       uuid,
    break_reason      text NOT NULL DEFAULT '',
    started_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    ended_at          timestamptz,
    version           integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, run_id),
    FOREIGN KEY (tenant_id, questionnaire_id, number) REFERENCES crm.questionnaire_version
);
CREATE INDEX questionnaire_run_list
    ON crm.questionnaire_run (tenant_id, questionnaire_id, run_id);
CREATE INDEX questionnaire_run_customer ON crm.questionnaire_run (tenant_id, customer_id, run_id)
    WHERE customer_id IS NOT NULL;
-- The same call asks the same questions once: a repeated beginning finds what it began.
CREATE UNIQUE INDEX questionnaire_run_once
    ON crm.questionnaire_run (tenant_id, questionnaire_id, interaction_id);

-- Every answer stays, also one that was corrected or that another path has left aside.
CREATE TABLE crm.questionnaire_answer (
    tenant_id         uuid NOT NULL,
    run_id            uuid NOT NULL,
    seq               integer NOT NULL,
    question          text NOT NULL,
    answer            jsonb NOT NULL,
    score             double precision NOT NULL,
    is_current        boolean NOT NULL,
    is_on_path        boolean NOT NULL,
    answered_at       timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, run_id, seq),
    FOREIGN KEY (tenant_id, run_id) REFERENCES crm.questionnaire_run ON DELETE CASCADE
);
CREATE UNIQUE INDEX questionnaire_answer_current
    ON crm.questionnaire_answer (tenant_id, run_id, question) WHERE is_current;

-- Member cards. The PIN is kept as an Argon2id hash only.
CREATE TABLE crm.member_card_settings (
    tenant_id      uuid PRIMARY KEY REFERENCES crm.tenant,
    number_check   text NOT NULL CHECK (number_check IN ('luhn', 'mod11_10', 'none')),
    prefix         text NOT NULL,
    number_length  integer NOT NULL,
    pin_length     integer NOT NULL,
    last_no        bigint NOT NULL DEFAULT 0,
    version        integer NOT NULL DEFAULT 1,
    updated_at     timestamptz NOT NULL
);
CREATE TABLE crm.member_card (
    tenant_id      uuid NOT NULL REFERENCES crm.tenant,
    card_id        uuid NOT NULL,
    card_number    text NOT NULL,
    customer_id    uuid,
    tier           text NOT NULL,
    state          text NOT NULL CHECK (state IN ('active', 'blocked', 'lost')),
    valid_until    timestamptz,
    pin_hash       text,
    pin_changed_at timestamptz,
    note           text NOT NULL,
    version        integer NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, card_id)
);
CREATE UNIQUE INDEX member_card_number ON crm.member_card (tenant_id, card_number);
CREATE INDEX member_card_customer ON crm.member_card (tenant_id, customer_id, card_id);
-- Wrong PINs by number, whether there is such a card or not, so that a lock does not tell.
CREATE TABLE crm.member_card_attempt (
    tenant_id      uuid NOT NULL,
    number_hash    bytea NOT NULL,
    failures       integer NOT NULL,
    last_at        timestamptz NOT NULL,
    locked_until   timestamptz,
    PRIMARY KEY (tenant_id, number_hash)
);
CREATE INDEX member_card_attempt_last ON crm.member_card_attempt (last_at);

-- Media sources: channels with their numbers; placements: advertisements there, with their cost.
CREATE TABLE crm.media_source (
    tenant_id       uuid NOT NULL REFERENCES crm.tenant,
    media_source_id uuid NOT NULL,
    name            text NOT NULL,
    channel         text NOT NULL,
    project_id      text,
    is_active       boolean NOT NULL,
    note            text NOT NULL,
    version         integer NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, media_source_id)
);
CREATE UNIQUE INDEX media_source_name ON crm.media_source (tenant_id, lower(name));
CREATE TABLE crm.media_number (
    tenant_id       uuid NOT NULL,
    media_source_id uuid NOT NULL,
    did             text NOT NULL,
    valid_from      timestamptz NOT NULL,
    valid_until     timestamptz CHECK (valid_until > valid_from),
    PRIMARY KEY (tenant_id, did, valid_from),
    FOREIGN KEY (tenant_id, media_source_id) REFERENCES crm.media_source ON DELETE CASCADE
);
CREATE INDEX media_number_source ON crm.media_number (tenant_id, media_source_id);
CREATE TABLE crm.media_placement (
    tenant_id       uuid NOT NULL,
    placement_id    uuid NOT NULL,
    media_source_id uuid NOT NULL,
    name            text NOT NULL,
    begins_at       timestamptz NOT NULL,
    ends_at         timestamptz NOT NULL CHECK (ends_at > begins_at),
    currency        text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    cost            bigint NOT NULL CHECK (cost >= 0),
    version         integer NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, placement_id),
    FOREIGN KEY (tenant_id, media_source_id) REFERENCES crm.media_source ON DELETE CASCADE
);
CREATE INDEX media_placement_source
    ON crm.media_placement (tenant_id, media_source_id, begins_at, placement_id);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'product_category', 'product', 'product_price', 'order_settings', 'order_counter',
        'sales_order', 'sales_order_line', 'sales_order_payment', 'shipment', 'shipment_line',
        'sales_order_event', 'questionnaire', 'questionnaire_version', 'questionnaire_run',
        'questionnaire_answer', 'member_card_settings', 'member_card', 'member_card_attempt',
        'media_source', 'media_number', 'media_placement'
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

GRANT SELECT, INSERT, UPDATE, DELETE ON crm.product_category, crm.product, crm.product_price,
    crm.sales_order_line, crm.questionnaire, crm.member_card, crm.member_card_attempt,
    crm.media_source, crm.media_number, crm.media_placement TO ringway_crm_api;
GRANT SELECT, INSERT, UPDATE ON crm.order_settings, crm.order_counter, crm.sales_order,
    crm.shipment, crm.shipment_line, crm.questionnaire_run, crm.questionnaire_answer,
    crm.member_card_settings TO ringway_crm_api;
GRANT SELECT, INSERT ON crm.sales_order_payment, crm.sales_order_event, crm.questionnaire_version
    TO ringway_crm_api;
-- The words, for whoever is erased; never the sums.
GRANT UPDATE (reference, note) ON crm.sales_order_payment TO ringway_crm_api;
GRANT UPDATE (detail) ON crm.sales_order_event TO ringway_crm_api;

-- Wrong PINs of a month ago are forgotten, also those for numbers that no card has.
CREATE FUNCTION crm.prune_member_cards(a_now timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    total bigint := 0;
BEGIN
    DELETE FROM crm.member_card_attempt WHERE last_at < a_now - interval '30 days';
    GET DIAGNOSTICS total = ROW_COUNT;
    RETURN total;
END
$$;
ALTER FUNCTION crm.prune_member_cards(timestamptz) OWNER TO ringway_owner;
REVOKE ALL ON FUNCTION crm.prune_member_cards(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.prune_member_cards(timestamptz) TO ringway_crm_api;
