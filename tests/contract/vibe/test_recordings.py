"""The recorded session with 0.0.71, sent again in its order; what depends on the moment is compared by its place."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

RECORDED = json.loads((Path(__file__).parent / "recordings" / "v0.0.71-rest.json").read_text())


def replaced(value, known):
    """`value` with each recorded text in it replaced by what stands for it now."""
    text = json.dumps(value)
    for recorded, now in known.items():
        text = text.replace(recorded, now)
    return json.loads(text)


async def next_millisecond(answered):
    """Waits until what is made now gets another time than what was answered; the order of lists depends on it."""
    while datetime.now(UTC).isoformat(timespec="milliseconds") <= answered["created_at"].replace("Z", "+00:00"):
        await asyncio.sleep(0.0005)


def learn(known, recorded, answered):
    """Notes which id and which times of now stand for those of the recording."""
    if isinstance(recorded, dict) and isinstance(answered, dict):
        for name in ("id", "created_at", "updated_at"):
            if name in recorded and name in answered:
                known.setdefault(recorded[name], answered[name])


async def test_recorded_session_is_answered_as_recorded(wire):
    """All recorded pairs of request and answer."""
    known = {"/data/repos": wire.path("repos")}
    compared = 0
    for pair in RECORDED:
        request, expected = replaced(pair["request"], known), pair["response"]
        answer = await wire.call(request["method"], request["path"], request.get("json"))
        if expected["content_type"] == "application/json":
            learn(known, expected["body"]["data"], answer.json["data"])
            assert answer.json == replaced(expected["body"], known), pair["label"]
            if request["method"] == "POST" and answer.status == 200 and answer.json["success"]:
                await next_millisecond(answer.json["data"])
        elif expected["content_type"] == "text/html":
            assert answer.is_web_page, pair["label"]
        else:
            text = json.dumps(expected["body"])
            same_place = text.rsplit(" column ", 1)[0] if "missing field" in text else text.removesuffix('"')
            assert json.dumps(answer.text).startswith(same_place.removesuffix('"')), pair["label"]
        assert (answer.status, answer.content_type) == (expected["status"], expected["content_type"]), pair["label"]
        compared += 1
    assert compared == 26


def test_comparison_notices_another_answer():
    """What is learnt replaces ids and times only."""
    known = {}
    learn(known, {"id": "r1", "created_at": "t1"}, {"id": "n1", "created_at": "t2"})
    assert replaced({"id": "r1", "title": "A"}, known) == {"id": "n1", "title": "A"}
    assert replaced({"id": "r1", "title": "A"}, known) != {"id": "n1", "title": "B"}
