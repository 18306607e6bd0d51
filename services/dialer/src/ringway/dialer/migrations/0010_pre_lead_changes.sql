-- Leads are changed and removed one by one; their attempts stay.
GRANT DELETE ON dialer.lead TO ringway_dialer;
