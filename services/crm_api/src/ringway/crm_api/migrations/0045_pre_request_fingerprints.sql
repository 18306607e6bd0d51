-- What was asked under a key, as a keyed hash: under the same key nothing else is asked, also when
-- the first answer is not kept any more. NULL: made without a key, or by an earlier release.
ALTER TABLE crm.sales_order ADD COLUMN request_fingerprint bytea;
ALTER TABLE crm.sales_order_payment ADD COLUMN request_fingerprint bytea;
ALTER TABLE crm.shipment ADD COLUMN request_fingerprint bytea;
