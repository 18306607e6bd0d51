"""State machines over the API: people of one enterprise, and what they believe to be true."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, ClassVar

import httpx
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test
from tests.support.crm import Crm, Signed, ok

# What somebody believes to be the present version.
BELIEFS = st.sampled_from(["present", "present", "present", "former", "later", "any", "none"])
_AT_ONCE = 10  # examples of a long run, after which it looks at the time
_SOAK_S = 420
_OFF = {"present": 0, "former": -1, "later": 1}


def believed(version: int, belief: str) -> dict[str, str]:
    """Return the ``If-Match`` of somebody who believes this of an object at ``version``."""
    match belief:
        case "none":
            return {}
        case "any":
            return {"If-Match": "*"}
        case _:
            return {"If-Match": f'"{version + _OFF[belief]}"'}


def is_wrong(belief: str) -> bool:
    """Whether what somebody believes is another version than the present one."""
    return _OFF.get(belief, 0) != 0


class ApiMachine(RuleBasedStateMachine):
    """People who ask the application, whose requests run on its loop."""

    crm: ClassVar[Crm]
    loop: ClassVar[asyncio.AbstractEventLoop]
    enterprises: ClassVar[int] = 0
    people: dict[str, Signed]

    def open_enterprise(self) -> str:
        """Open an enterprise with its admin, ``boss``; return its slug."""
        cls = type(self)
        cls.enterprises += 1
        slug = f"desk-{cls.enterprises}"
        self.people = {"boss": self.calls(self.crm.open_tenant(slug))}
        return slug

    def calls(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(60)

    def ask(self, who: str, method: str, path: str, **more: Any) -> httpx.Response:
        answer = self.calls(self.people[who](method, path, **more))
        assert isinstance(answer, httpx.Response)
        return answer

    def at_once(self, *asked: tuple[str, str, str, dict[str, Any]]) -> list[httpx.Response]:
        """Send several requests at the same time; each is who, method, path and the rest."""

        async def send() -> list[httpx.Response]:
            return await asyncio.gather(
                *(self.people[who](method, path, **more) for who, method, path, more in asked)
            )

        answers: list[httpx.Response] = self.calls(send())
        return answers

    def get(self, path: str, who: str = "boss", **more: Any) -> Any:
        return ok(self.ask(who, "GET", path, **more))

    def pages(self, path: str, who: str = "boss", **params: Any) -> list[dict[str, Any]]:
        """Return all that a list has, page by page."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.get(path, who, params=params)
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            assert len(page["items"]) == params.get("limit", len(page["items"]))
            params["cursor"] = page["next_cursor"]


async def holds(
    machine: type[ApiMachine], crm: Crm, *, is_long: bool, examples: int, steps: int = 25
) -> None:
    """Run a machine against the application: few examples, or with ``is_long`` for minutes."""
    loop = asyncio.get_running_loop()
    of_this_test = type(f"{machine.__name__}OfThisTest", (machine,), {"crm": crm, "loop": loop})
    wanted = settings(
        max_examples=_AT_ONCE if is_long else examples,
        stateful_step_count=50 if is_long else steps,
        derandomize=not is_long,
        database=None,
        deadline=None,
        # What failed is told at once: to make it smaller takes longer than a test may.
        phases=list(Phase) if is_long else [Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    ends_at = loop.time() + (_SOAK_S if is_long else 0)
    runs = 0
    while not runs or loop.time() < ends_at:
        await asyncio.to_thread(run_state_machine_as_test, of_this_test, settings=wanted)
        runs += 1
    if is_long:
        print(f"{machine.__name__}: {runs * _AT_ONCE} examples of up to 50 steps")
