-- Whoever enters an order says who looks after it.
DROP TRIGGER IF EXISTS own_sales_order ON crm.sales_order;
DROP FUNCTION IF EXISTS crm.own_sales_order();
