"""Hypothesis tries to break the floor: lost customers, double use of an agent, missed limits."""

from __future__ import annotations

import pytest
from hypothesis import settings
from tests.support.floor_machine import FloorMachine

pytestmark = pytest.mark.property

TestFloor = FloorMachine.TestCase
TestFloor.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
