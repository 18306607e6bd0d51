-- The query of customers that is kept with a list goes with the list.
GRANT DELETE ON crm.list_query TO ringway_crm_api;
