-- A seat that is taken away leaves its number free for somebody else.
GRANT DELETE ON acd.agent TO ringway_acd;
