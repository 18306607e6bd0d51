"""Alarms as pure rules: what is an alarm, when one is raised, raised again and cleared."""
