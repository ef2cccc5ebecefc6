"""Edits and their answers (tests/fixtures/edits.json), which the tests of the browser's modules replay too: what those
take for the service's word is what the service says.

A scenario begins with `annotations`, `predictions` and, where the row takes only those, `closed` labels. Each of its
`steps` is a `request` of the page or a colleague, with the `reply`, or it removes the video. After a change of the
requests, `python -m tests.service.test_edit_fixtures` writes the replies that the service gives now.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest

from studio.app.login import current_user
from studio.app.rpc import PAGES
from studio.config import Settings
from studio.service import Studio
from studio.store import runs, videos
from studio.timeline import ModelRun, Prediction, Segment, us
from tests.conftest import VIDEO

Json = Any
FIXTURE = Path(__file__).parents[1] / "fixtures" / "edits.json"
SCENARIOS: dict[str, Json] = json.loads(FIXTURE.read_text(encoding="utf-8"))
# what a page needs of a row; times in µs are the same in other words
FIELDS = (
    "id", "track", "start", "end", "label", "note", "source", "prediction_id", "annotator", "version", "deleted",
    "attributes", "edited_by",
)  # fmt: skip


def replies(studio: Studio, scenario: Json) -> list[Json]:
    """What the service answers to each request of a scenario."""
    prepare(studio, scenario)
    save = next(call for call in PAGES["annotate"](studio) if call.__name__ == "save")
    found = []
    for step in scenario["steps"]:
        if step.get("removes"):
            studio.store.write(lambda db: videos.delete(db, VIDEO["id"]))
            continue
        token = current_user.set(step["user"])
        try:
            reply = save({"video": VIDEO["id"], **step["request"]})
        finally:
            current_user.reset(token)
        found.append(shown(reply))
    return found


def prepare(studio: Studio, scenario: Json) -> None:
    found = [
        Prediction(Segment(us(p["start"]), us(p["end"])), p["track"], p["label"], p["score"], p["id"])
        for p in scenario["predictions"]
    ]
    studio.store.write(lambda db: videos.insert(db, dict(VIDEO)))
    studio.store.write(lambda db: runs.insert(db, ModelRun(VIDEO["id"], "grounding", "m", "1", found, query="x")))
    made = [
        {**row, "op": "create", "base_version": 0, "edit_id": f"first {i}"}
        for i, row in enumerate(scenario["annotations"])
    ]
    assert all(result["ok"] for result in studio.timelines.save(VIDEO["id"], made)["results"])
    if "closed" in scenario:
        labels = [{"track": "Moments", "label": x, "colour": "#0072b2", "hotkey": None} for x in scenario["closed"]]
        studio.labels.save({"labels": labels, "tracks": [{"track": "Moments", "closed": True}]}, "")


def shown(reply: Json) -> Json:
    """A reply with the fields of rows that a page needs."""
    if not reply["ok"]:
        return reply
    results = [
        {k: {f: v[f] for f in FIELDS} if k in ("annotation", "current") and v else v for k, v in result.items()}
        for result in reply["data"]["results"]
    ]
    return {"ok": True, "data": {"results": results}}


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_service_answers_as_the_page_was_told(studio: Studio, name: str) -> None:
    wanted = [step["reply"] for step in SCENARIOS[name]["steps"] if not step.get("removes")]
    assert replies(studio, SCENARIOS[name]) == wanted


def write() -> None:
    """Bring the replies up to date."""
    for scenario in SCENARIOS.values():
        with tempfile.TemporaryDirectory() as folder:
            studio = Studio(Settings(home=Path(folder)))
            answered = iter(replies(studio, scenario))
            studio.close()
        for step in scenario["steps"]:
            if not step.get("removes"):
                step["reply"] = next(answered)
    FIXTURE.write_text(json.dumps(SCENARIOS, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
