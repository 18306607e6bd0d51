-- No statement asks for the moment of the answer alone any more.
DROP INDEX IF EXISTS crm.interaction_answered;
