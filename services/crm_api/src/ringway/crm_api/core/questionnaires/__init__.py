"""Questionnaires: what is asked next, whether a design holds, what answers are worth. Pure."""
