"""Decisions of the CRM API: no IO and no clock."""
