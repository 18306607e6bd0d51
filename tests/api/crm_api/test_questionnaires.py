"""Questionnaires: designed, asked by an agent and by keys, and counted; no answer is lost."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import orjson
import pytest
from tests.support.crm import Crm, Signed, refused, rows_of

from ringway.crm_api.access import Role
from ringway.crm_api.questionnaires.responder import QuestionnaireResponder
from ringway.proto.crm_questionnaires import (
    AnswerQuestionV1,
    BeginQuestionnaireV1,
    BreakOffQuestionnaireV1,
    QuestionKind,
    QuestionnaireFinishedV1,
    QuestionnaireStepV1,
)
from ringway.runtime.errors import Refused

pytestmark = pytest.mark.api


def _choice(value: str, score: int = 0) -> dict[str, Any]:
    return {"value": value, "texts": {"en": value.title(), "zh": f"{value}-zh"}, "score": score}


def _question(key: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "kind": kind, "texts": {"en": f"{key}?", "zh": f"{key}-zh"}, **more}


_BOUGHT = _question("bought", "single", choices=[_choice("yes", 1), _choice("no")],
                    branches=[{"when": "equals", "value": "no", "next": "why"}])  # fmt: skip
_RATING = _question("rating", "scale", minimum=1, maximum=5, points=2,
                    branches=[{"when": "at_least", "value": 4, "next": "end"}])  # fmt: skip
_WHY = _question("why", "multiple", choices=[_choice("price"), _choice("quality"), _choice("time")])
_WORDS = _question("words", "text", required=False)


def _design(*questions: dict[str, Any]) -> dict[str, Any]:
    return {"languages": ["en", "zh"], "questions": list(questions)}


async def _published(boss: Signed, *questions: dict[str, Any]) -> str:
    body = {"name": "After the purchase", "design": _design(*questions)}
    made = await boss.post("/questionnaires", body)
    await boss.post(f"/questionnaires/{made['questionnaire_id']}/versions")
    return str(made["questionnaire_id"])


async def _finished(crm: Crm) -> list[QuestionnaireFinishedV1]:
    rows = await rows_of(
        crm,
        "SELECT payload FROM crm.outbox WHERE type = $1 ORDER BY id",
        QuestionnaireFinishedV1.type_name(),
    )
    return [QuestionnaireFinishedV1.model_validate(orjson.loads(row["payload"])) for row in rows]


async def test_designed_asked_corrected_and_counted(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    bob = await crm.user(boss, "acme", Role.AGENT, "bob", number="802")
    endless = {**_WORDS, "next": "bought"}
    body = {"name": "q", "design": _design(_BOUGHT, _RATING, _WHY, endless)}
    made = await boss.post("/questionnaires", body)
    path = f"/questionnaires/{made['questionnaire_id']}"
    checked = await boss.get(f"{path}/check")
    assert {each["code"] for each in checked["faults"]} == {"way_never_ends"}
    problem = refused(await boss("POST", f"{path}/versions"), 422, "design_invalid")
    assert problem["faults"] == checked["faults"]
    refused(await ann("POST", f"{path}/runs", json={}), 409, "questionnaire_not_asked")
    body["design"] = _design(_BOUGHT, _RATING, _WHY, _WORDS)
    await boss.put(path, body, headers={"If-Match": '"1"'})
    response = await boss("PUT", path, json=body, headers={"If-Match": '"1"'})
    assert refused(response, 412, "questionnaire_changed")["current"]["version"] == 2
    assert (await boss.post(f"{path}/versions"))["number"] == 1

    customer = await boss.post("/customers", {"phone_e164": "+40215550100"})
    begin = {"language": "zh", "customer_id": customer["customer_id"]}
    run = await ann.post(f"{path}/runs", begin)
    here = f"/questionnaire-runs/{run['run_id']}"
    assert run["question"]["text"] == "bought-zh"

    async def answers(question: str, given: Any) -> Any:
        return await ann.post(f"{here}/answers", {"question": question, "answer": given})

    response = await ann("POST", f"{here}/answers", json={"question": "bought", "answer": "maybe"})
    refused(response, 422, "answer_invalid")
    response = await ann("POST", f"{here}/answers", json={"question": "why", "answer": ["price"]})
    refused(response, 409, "question_not_asked")
    refused(await ann("POST", f"{here}/back"), 409, "at_first_question")
    assert (await answers("bought", "no"))["question"]["key"] == "why"
    refused(await ann("POST", f"{here}/finish"), 409, "questions_left")
    why = await answers("why", ["time", "price"])
    assert why["question"]["key"] == "words"
    # He had bought after all: back twice, another way, and the old answer stays in the table.
    await ann.post(f"{here}/back")
    back = await ann.post(f"{here}/back")
    assert (back["question"]["key"], back["question"]["answer"]) == ("bought", "no")
    assert (await answers("bought", "yes"))["question"]["key"] == "rating"
    await answers("rating", 3)
    left = await ann.post(f"{here}/break-off", {"reason": "no time"})
    assert left["state"] == "broken_off"
    response = await ann("POST", f"{here}/answers", json={"question": "why", "answer": ["time"]})
    refused(response, 409, "run_not_running")
    again = await ann.post(f"{here}/resume")
    # Why he would not buy was answered before; only the words are left.
    assert (again["state"], again["question"]["key"]) == ("running", "words")
    done = await answers("words", "=1+1 fine")
    assert done["question"] is None
    done = await ann.post(f"{here}/finish")
    assert (done["state"], done["score"]) == ("finished", 1 + 6)
    assert await ann.post(f"{here}/finish") == done
    (fact,) = await _finished(crm)
    assert (fact.run_id, fact.score, fact.agent_id) == (run["run_id"], 7, ann.user_id)
    refused(await bob("GET", here), 404, "run_not_found")
    kept = await rows_of(crm, "SELECT answer FROM crm.questionnaire_answer WHERE NOT is_current")
    assert [row["answer"] for row in kept] == ['"no"']
    assert [each["state"] for each in (await boss.get(f"{path}/runs"))["items"]] == ["finished"]

    for bought, rest in (("no", {"why": ["price"], "words": None}), ("yes", {"rating": 5})):
        run = await bob.post(f"{path}/runs", {})
        there = f"/questionnaire-runs/{run['run_id']}"
        for question, given in {"bought": bought, **rest}.items():
            await bob.post(f"{there}/answers", {"question": question, "answer": given})
        await bob.post(f"{there}/finish")
    counted = await boss.get(f"{path}/results")
    assert (counted["runs"], counted["finished"], counted["average_score"]) == (3, 3, 6.0)
    by_key = {each["question"]: each for each in counted["questions"]}
    assert [(each["value"], each["count"]) for each in by_key["bought"]["values"]] == [
        ("yes", 2),
        ("no", 1),
    ]
    assert (by_key["rating"]["average"], by_key["rating"]["answered"]) == (4.0, 2)
    shares = {each["value"]: each["share"] for each in by_key["why"]["values"]}
    assert shares == {"price": 1.0, "quality": 0.0, "time": 0.5}
    assert (by_key["words"]["answered"], by_key["words"]["passed_over"]) == (1, 1)
    table = await boss.get(f"{path}/cross-table?row=bought&column=why")
    assert table["columns"] == ["price", "quality", "time"]
    assert dict(zip(table["rows"], table["counts"], strict=True)) == {
        "yes": [1, 0, 1],
        "no": [1, 0, 0],
    }
    refused(await boss("GET", f"{path}/cross-table?row=bought&column=x"), 422, "question_unknown")
    file = await boss("GET", f"{path}/export")
    lines = file.content.decode("utf-8-sig").splitlines()
    assert lines[0].endswith("score,bought,rating,why,words")
    assert lines[1].endswith(",7.0,yes,3,price time,'=1+1 fine")
    entries = await boss.get("/audit-log?action=questionnaire.exported")
    assert len(entries["items"]) == 1
    # The next version is asked from now on; what was answered keeps its own.
    await boss.put(path, {"name": "q", "design": _design(_BOUGHT, _WHY)}, headers={"If-Match": "*"})
    assert (await boss.post(f"{path}/versions"))["number"] == 2
    assert (await ann.get(here))["number"] == 1
    assert [each["number"] for each in await boss.get(f"{path}/versions")] == [2, 1]
    other = await crm.open_tenant("other")
    for secret in (path, f"{path}/results", f"{path}/export", f"{path}/runs"):
        refused(await other("GET", secret), 404, "questionnaire_not_found")
    refused(await other("GET", here), 404, "run_not_found")
    await boss("DELETE", path)
    refused(await ann("POST", f"{path}/runs", json={}), 409, "questionnaire_not_asked")


async def test_an_ivr_asks_by_keys_over_nats(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    tenant = (await boss.get("/me"))["tenant_id"]
    questionnaire_id = await _published(boss, _BOUGHT, _RATING, _WHY)
    spoken = await _published(boss, _WORDS)
    await QuestionnaireResponder(crm.deps.pool, crm.deps.now).attach(crm.deps.bus)
    same = {"occurred_at": crm.clock(), "tenant": tenant}
    call = str(uuid4())
    async with crm.nats.bus("crm_api", name="as-an-ivr") as bus:

        async def begin(**more: Any) -> QuestionnaireStepV1:
            asked = {"questionnaire_id": questionnaire_id, "interaction_id": call, **more}
            question = BeginQuestionnaireV1.model_validate({**same, **asked})
            return await bus.request(question, QuestionnaireStepV1, timeout_s=20)

        async def press(run: QuestionnaireStepV1, question: str, keys: str) -> QuestionnaireStepV1:
            asked = AnswerQuestionV1.model_validate(
                {**same, "run_id": run.run_id, "question": question, "keys": keys}
            )
            return await bus.request(asked, QuestionnaireStepV1, timeout_s=20)

        first = await begin(language="zh")
        assert first.question is not None
        assert (first.question.text, first.question.kind) == ("bought-zh", QuestionKind.CHOICE)
        assert [(each.key, each.text) for each in first.question.keys] == [
            ("1", "yes-zh"),
            ("2", "no-zh"),
        ]
        wrong = await press(first, "bought", "9")
        assert (wrong.is_refused, wrong.question) == (True, first.question)
        rating = await press(first, "bought", "1")
        assert rating.question is not None
        assert (rating.question.minimum, rating.question.maximum) == (1, 5)
        assert await press(first, "bought", "1") == rating  # a repeat
        hung_up = BreakOffQuestionnaireV1.model_validate(
            {**same, "run_id": first.run_id, "reason": "hung up"}
        )
        gone = await bus.request(hung_up, QuestionnaireStepV1, timeout_s=20)
        assert gone.state == "broken_off"
        # What was pressed is kept: the same call goes on where it was.
        again = await begin()
        assert (again.run_id, again.question) == (first.run_id, rating.question)
        last = await press(again, "rating", "4")
        assert (last.state, last.question) == ("finished", None)
        assert await press(again, "rating", "4") == last
        with pytest.raises(Refused, match="run_not_running"):
            await press(again, "rating", "5")
        with pytest.raises(Refused, match="questionnaire_not_by_phone"):
            await begin(questionnaire_id=spoken)
        with pytest.raises(Refused, match="questionnaire_not_found"):
            await begin(questionnaire_id=str(uuid4()))
        other = (await (await crm.open_tenant("other")).get("/me"))["tenant_id"]
        with pytest.raises(Refused, match="questionnaire_not_found"):
            await begin(tenant=other)
        await crm.platform.put(f"/tenants/{tenant}/features", {"features": []})
        with pytest.raises(Refused, match="feature_off"):
            await begin()
    (fact,) = await _finished(crm)
    assert (fact.channel, fact.interaction_id, fact.agent_id) == ("ivr", call, None)
