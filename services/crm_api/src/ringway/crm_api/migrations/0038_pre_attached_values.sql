-- What travels with calls (R17), counted by queriers.
CREATE INDEX attached_data_tenant_age ON crm.attached_data (tenant_id, attached_at);

-- One row for each value that was attached: of a list one for each of its parts, of null none.
CREATE VIEW crm.attached_value_v WITH (security_invoker = true) AS
SELECT d.tenant_id, d.interaction_id, d.object_id, d.record_id, d.attached_at, e.key,
       v.value #>> '{}' AS value
  FROM crm.attached_data d
 CROSS JOIN LATERAL jsonb_each(d.data) AS e
 CROSS JOIN LATERAL jsonb_array_elements(
       CASE jsonb_typeof(e.value) WHEN 'array' THEN e.value ELSE jsonb_build_array(e.value) END) AS v
 WHERE v.value <> 'null';
GRANT SELECT ON crm.attached_value_v TO ringway_crm_api;
