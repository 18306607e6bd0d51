"""One whole installation for all end-to-end tests of a run: every part real, on free ports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.ports import free_port_base

from ringway.cli.installation import Installation


@contextmanager
def running_installation(folder: Path) -> Iterator[Installation]:
    """Start an installation below ``folder``; it is stopped with the block, whatever happens."""
    installation = Installation(folder, free_port_base())
    folder.mkdir(parents=True, exist_ok=True)
    # Integrators of tests listen on this machine.
    (folder / "settings.toml").write_text('[crm_api]\nwebhook_inside_hosts = ["127.0.0.1"]\n')
    try:
        installation.up()
        yield installation
    finally:
        installation.down()
