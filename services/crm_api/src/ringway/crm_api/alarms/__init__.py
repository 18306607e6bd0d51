"""Alarms: states of the system that somebody has to know of (R43)."""
