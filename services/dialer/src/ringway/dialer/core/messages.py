"""What goes into a running campaign (events) and what comes out of it (commands), by one name."""

from __future__ import annotations

from ringway.dialer.core.commands import *  # noqa: F403 - one name for the two modules
from ringway.dialer.core.commands import Command as Command
from ringway.dialer.core.events import *  # noqa: F403
from ringway.dialer.core.events import Event as Event
