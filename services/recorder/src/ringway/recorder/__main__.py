"""``python -m ringway.recorder``."""

from __future__ import annotations

from ringway.recorder import app
from ringway.recorder.config import Settings
from ringway.runtime.service import Lifecycle, main, signals_stop


async def run(settings: Settings) -> None:
    """Run until a signal."""
    life = Lifecycle()
    async with signals_stop(life):
        await app.run(settings, life)


if __name__ == "__main__":
    main(run, Settings, "recorder")
