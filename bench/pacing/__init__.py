"""Predictive pacing against its baselines, over simulated shifts.

A discrete-event simulation of outbound campaigns of 5 to 500 agents. All methods meet the same
agents and about the same calls; no method sees the future. Prints one JSON object. See
``docs/reference/pacing.md``.
"""

from bench.pacing.report import main

__all__ = ["main"]
