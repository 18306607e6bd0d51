"""Each member imports only what its own lock installs: images need nothing of the others."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

pytestmark = pytest.mark.contract

_ROOT = Path(__file__).parents[3]
_SERVICES = sorted(p.parent for p in (_ROOT / "services").glob("*/pyproject.toml"))
_MEMBERS = {
    "proto": [_ROOT / "proto"],
    "runtime": [_ROOT / "proto", _ROOT / "runtime"],
    "cli": [_ROOT / "proto", _ROOT / "runtime", _ROOT / "cli"],
    **{s.name: [_ROOT / "proto", _ROOT / "runtime", s] for s in _SERVICES},
}
_LOCKS = {"proto": "cli", "runtime": "cli"}


def imports_of(member: Path) -> Iterator[tuple[str, str]]:
    """Yield (file, module) of every import that runs; those for type checkers only do not."""
    for file in sorted(member.glob("src/**/*.py")):
        tree = ast.parse(file.read_text())
        skipped = {
            inner
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
            for inner in ast.walk(node)
        }
        for node in ast.walk(tree):
            if node in skipped:
                continue
            if isinstance(node, ast.Import):
                yield from ((str(file), alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield str(file), node.module


def locked(name: str) -> set[str]:
    text = (_ROOT / "requirements" / f"{_LOCKS.get(name, name)}.txt").read_text()
    return {normal(found) for found in re.findall(r"(?m)^([A-Za-z0-9._-]+)==", text)}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("name", sorted(_MEMBERS))
def test_a_member_imports_only_what_its_lock_installs(name: str) -> None:
    lock, where = locked(name), packages_distributions()
    own = {f"ringway.{folder.name}" for folder in _MEMBERS[name]}
    foreign = []
    for file, module in imports_of(_MEMBERS[name][-1]):
        top = module.split(".")[0]
        if top in sys.stdlib_module_names:
            continue
        if top == "ringway":
            if ".".join(module.split(".")[:2]) not in own:
                foreign.append(f"{file}: {module}")
        elif not {normal(d) for d in where.get(top, [])} & lock:
            foreign.append(f"{file}: {module}")
    assert foreign == []
