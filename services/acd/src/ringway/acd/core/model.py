"""Events, commands and records of one tenant's floor, by one name."""

from __future__ import annotations

from ringway.acd.core.commands import *  # noqa: F403 - one name for the three modules
from ringway.acd.core.commands import Command as Command
from ringway.acd.core.events import *  # noqa: F403
from ringway.acd.core.events import Event as Event
from ringway.acd.core.records import *  # noqa: F403
