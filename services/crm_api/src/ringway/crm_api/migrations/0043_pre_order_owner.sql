-- Who looks after an order. agent_id stays whoever sold it; owner_id NULL: nobody in particular.
ALTER TABLE crm.sales_order ADD COLUMN owner_id uuid;
UPDATE crm.sales_order SET owner_id = agent_id;
CREATE INDEX sales_order_owner ON crm.sales_order (tenant_id, owner_id, order_id);

-- The release before this one enters orders without an owner, while both are running.
CREATE FUNCTION crm.own_sales_order() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    NEW.owner_id := coalesce(NEW.owner_id, NEW.agent_id);
    RETURN NEW;
END
$$;
CREATE TRIGGER own_sales_order BEFORE INSERT ON crm.sales_order
    FOR EACH ROW EXECUTE FUNCTION crm.own_sales_order();
