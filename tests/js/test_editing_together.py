"""The page's outbox, undo and conflicts against the real service: whatever becomes of connection, page and colleagues,
no edit that was acknowledged is lost, none is applied twice, nothing is overwritten silently, and once everything is
quiet the page shows what the library has."""

import json
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from studio.app.rpc import PAGES
from studio.config import Settings
from studio.service import Studio
from studio.store import runs, videos
from studio.timeline import ModelRun, Prediction, Segment
from tests.conftest import VIDEO
from tests.js.driver import Held, Page

Json = Any
SECONDS = st.integers(0, 50).map(float)
LABELS = st.sampled_from(["dog", "cat", "é", "e\u0301", ""])
PICK = st.integers(0, 1000)
FOUND = [("dog", 1), ("cat", 20)]


class Workplace:
    """One library and one browser for a whole run; each example has a video of its own."""

    def __init__(self, folder: Path) -> None:
        self.studio = Studio(Settings(home=folder / "home"))
        self.calls = {call.__name__: call for call in PAGES["annotate"](self.studio)}
        self.page = Page(lambda name, request: None)

    def close(self) -> None:
        self.page.close()
        self.studio.close()

    def new_video(self) -> str:
        video = uuid.uuid4().hex
        row = {**VIDEO, "id": video, "path": f"/films/{video}.mp4", "sha256": video * 2}
        found = [Prediction(Segment(s * 10**6, (s + 5) * 10**6), "Moments", label, 0.8) for label, s in FOUND]
        run = ModelRun(video, "grounding", "m", "1", found, {"curve": {"times": [], "scores": []}}, query="x")
        self.studio.store.write(lambda db: (videos.insert(db, row), runs.insert(db, run)))
        return video

    def rows(self, sql: str, *values: Json) -> list[Json]:
        with closing(sqlite3.connect(self.studio.settings.database)) as db:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute(sql, values)]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    made = Workplace(tmp_path_factory.mktemp("together"))
    yield made
    made.close()


class Editing(RuleBasedStateMachine):
    """A person at a page that can lose its server and be closed, and a colleague who edits the same video."""

    workplace: Workplace

    def __init__(self) -> None:
        super().__init__()
        self.page, self.calls = self.workplace.page, self.workplace.calls
        self.page.server, self.page.held = self.serve, []
        self.connection = "online"
        self.answers: dict[str, Json] = {}  # edit_id → the last answer that the service gave
        self.mine: set[str] = set()  # annotations for which the person chose their own version
        self.touched: set[str] = set()  # annotations that the colleague edited
        self.seen: dict[str, Json] = {}  # what the page showed after the last thing that the person did
        self.colleagues = 0  # edits by the colleague
        self.video = self.workplace.new_video()
        self.page.do("reset", self.video)
        self.open()

    # ------------------------------------------------------------------ the server

    def serve(self, name: str, request: Json) -> Json:
        if self.connection == "away" or (self.connection == "no saves" and name == "save"):
            return None
        reply = self.calls[name](request)
        assert reply["ok"] or reply["kind"] not in ("bug", "store"), reply
        if name == "save":
            for answer in reply["data"]["results"]:
                self.answers[answer["edit_id"]] = answer
        if self.connection == "lossy":  # it was done, and nobody heard of it
            return None
        if self.connection == "slow" and name in ("save", "changes"):
            raise Held(reply)
        return reply

    @rule(connection=st.sampled_from(["online", "away", "lossy", "slow", "no saves"]))
    def connect(self, connection: str) -> None:
        self.connection = connection

    @rule()
    def time_passes(self) -> None:
        """What came late arrives, and what failed is tried again."""
        self.page.release()
        self.page.do("retry")
        self.page.settle()

    @rule()
    def poll(self) -> None:
        """What is on its way stays on the page, whatever others did to it."""
        before = self.state()
        self.page.do("poll")
        self.page.settle()
        after = self.state()
        waiting = set(before["waiting"]) & set(after["waiting"])
        shown = [{row["id"]: row for row in state["annotations"] if row["id"] in waiting} for state in (before, after)]
        assert shown[0] == shown[1]

    # ------------------------------------------------------------------ the page

    def open(self) -> None:
        self.page.do("open")
        self.page.settle()
        self.look()

    @precondition(lambda self: self.connection == "online" and not self.page.held)
    @rule(crash=st.booleans())
    def reload(self, crash: bool) -> None:
        self.page.do("crash" if crash else "turnAway")
        self.open()

    def look(self) -> None:
        self.seen = {row["id"]: row for row in self.state()["annotations"]}

    def state(self) -> Json:
        return self.page.do("state")

    def act(self, name: str, *args: Json) -> None:
        """What the person does."""
        self.page.do(name, *args)
        self.page.settle()
        self.look()

    def some(self, pick: int) -> str | None:
        ids = sorted(self.seen)
        return ids[pick % len(ids)] if ids else None

    def found(self, pick: int) -> str:
        ids = list(self.state()["verdicts"])
        return str(ids[pick % len(ids)])

    # ------------------------------------------------------------------ the person

    @rule(start=SECONDS, label=LABELS)
    def create(self, start: float, label: str) -> None:
        attributes = {"sure": True, "seen": [1, {"by": None}]}
        fields = {"track": "Moments", "start": start, "end": start + 3, "label": label, "attributes": attributes}
        self.act("create", fields)

    @precondition(lambda self: not self.page.held)
    @rule(start=SECONDS)
    def create_and_crash(self, start: float) -> None:
        """The tab dies in the moment that something is made, while the server is away."""
        self.connection = "away"
        made = self.page.do("createAndCrash", {"track": "Moments", "start": start, "end": start + 1})
        self.connection = "online"
        self.open()
        assert made in self.seen

    @rule(pick=PICK, end=SECONDS, label=LABELS)
    def update(self, pick: int, end: float, label: str) -> None:
        if (segment := self.some(pick)) is not None:
            start = self.seen[segment]["start"]
            self.act("update", segment, {"end": max(end, start + 1) + 1 / 3, "label": label})

    @rule(pick=PICK)
    def remove(self, pick: int) -> None:
        if (segment := self.some(pick)) is not None:
            self.act("remove", segment)

    @rule(pick=PICK, what=st.sampled_from(["accept", "reject"]))
    def decide(self, pick: int, what: str) -> None:
        self.act(what, self.found(pick))

    @rule(pick=PICK, end=SECONDS)
    def correct(self, pick: int, end: float) -> None:
        self.act("correct", self.found(pick), {"start": 0.5, "end": end + 1})

    @rule(pick=PICK)
    def split(self, pick: int) -> None:
        if (segment := self.some(pick)) is not None:
            self.act("split", segment, (self.seen[segment]["start"] + self.seen[segment]["end"]) / 2)

    @rule(picks=st.lists(PICK, min_size=2, max_size=3))
    def merge(self, picks: list[int]) -> None:
        self.act("merge", sorted({segment for pick in picks if (segment := self.some(pick))}))

    @rule(pick=PICK, time=SECONDS)
    def paste(self, pick: int, time: float) -> None:
        if (segment := self.some(pick)) is not None:
            self.act("paste", [segment], time)

    @rule(what=st.sampled_from(["undo", "undo", "redo"]))
    def go_back(self, what: str) -> None:
        self.act(what)

    @rule(keep_mine=st.booleans())
    def resolve(self, keep_mine: bool) -> None:
        for about in self.state()["conflicts"]:
            if keep_mine:
                self.mine.add(about)
            self.act("resolve", about, keep_mine)

    # ------------------------------------------------------------------ the colleague

    def library(self) -> dict[str, Json]:
        rows = self.calls["load_document"]({"video": self.video})["data"]["annotations"]
        return {row["id"]: row for row in rows}

    def colleague(self, op: str, row: Json, **changes: Json) -> None:
        self.colleagues += 1
        edit_id = f"{self.video} {self.colleagues}"
        edit = {**row, "op": op, "base_version": row["version"], "edit_id": edit_id, **changes}
        reply = self.calls["save"]({"video": self.video, "edits": [edit], "annotator": "Berta"})
        assert reply["data"]["results"][0]["ok"], reply
        self.touched.add(row["id"])

    @rule(pick=PICK, delete=st.booleans())
    def colleague_edits(self, pick: int, delete: bool) -> None:
        there = self.library()
        if there:
            row = there[sorted(there)[pick % len(there)]]
            self.colleague("delete" if delete else "update", row, note=f"theirs {self.colleagues}")

    @rule(pick=PICK, end=SECONDS, delete=st.booleans(), mine=st.sampled_from(["update", "remove", "undo"]))
    def both_edit(self, pick: int, end: float, delete: bool, mine: str) -> None:
        """The same segment, and neither has seen what the other did; the colleague goes on with it."""
        both = sorted(self.library().keys() & self.seen.keys())
        if not both:
            return
        segment = both[pick % len(both)]
        self.colleague("update", self.library()[segment], note=f"theirs {self.colleagues}", label="theirs")
        end = max(end, self.seen[segment]["start"]) + 1
        arguments = {"update": [segment, {"end": end}], "remove": [segment], "undo": []}
        self.act(mine, *arguments[mine])
        if row := self.library().get(segment):
            self.colleague("delete" if delete else "update", row, note=f"theirs {self.colleagues}")
        self.poll()

    @precondition(lambda self: self.connection in ("online", "no saves"))
    @rule(pick=PICK, what=st.sampled_from(["undo", "redo"]))
    def go_back_over_theirs(self, pick: int, what: str) -> None:
        """The page has seen what the colleague did to a segment, and then goes back."""
        self.colleague_edits(pick, False)
        self.poll()
        self.act(what)

    @rule(start=SECONDS)
    def colleague_creates(self, start: float) -> None:
        made = {
            "id": f"{self.video} {self.colleagues}",
            "track": "Theirs",
            "start": start,
            "end": start + 1,
            "version": 0,
        }
        self.colleague("create", made, label="theirs")

    # ------------------------------------------------------------------ what must hold

    def history(self) -> list[Json]:
        found = self.workplace.rows("SELECT * FROM revisions WHERE video_id = ? ORDER BY seq", self.video)
        return [{**row, **{k: json.loads(row[k]) if row[k] else None for k in ("before", "after")}} for row in found]

    @invariant()
    def what_was_acknowledged_is_there_once(self) -> None:
        history = self.history()
        made = [row["edit_id"] for row in history]
        assert len(made) == len(set(made))
        assert {edit for edit, answer in self.answers.items() if answer["ok"]} <= set(made)
        counts: dict[str, int] = {}
        for row in history:
            if row["annotation_id"]:
                counts[row["annotation_id"]] = counts.get(row["annotation_id"], 0) + 1
                assert row["after"]["version"] == counts[row["annotation_id"]]

    @invariant()
    def nothing_of_a_colleague_is_overwritten_unseen(self) -> None:
        """The colleague's note stays, unless the person chose their own version."""
        notes: dict[str, str] = {}
        for row in self.history():
            about, after = row["annotation_id"], row["after"]
            if row["annotator"] == "Berta" and after["note"]:
                notes[about] = after["note"]
            elif about in notes and not after["deleted"] and about not in self.mine:
                assert notes[about] in after["note"].split("\n"), row  # merging joins notes

    def teardown(self) -> None:
        self.connection = "online"
        for _ in range(50):
            self.time_passes()
            self.poll()
            state = self.state()
            if not state["conflicts"] and not state["waiting"] and not self.page.held:
                break
            conflicted = {edit for edit, answer in self.answers.items() if not answer["ok"]}
            assert not state["conflicts"] or conflicted, "a conflict that nobody reported"
            assert set(state["conflicts"]) <= set(state["shown"])
            self.resolve(len(conflicted) % 2 == 0)
        self.page.settle()
        self.page_equals_library()
        self.nothing_of_mine_is_lost()
        self.what_was_acknowledged_is_there_once()
        self.nothing_of_a_colleague_is_overwritten_unseen()

    def page_equals_library(self) -> None:
        state, there = self.state(), self.library()
        assert (state["waiting"], state["kept"], state["state"]) == ([], 0, "saved"), state
        shown = {row["id"]: row for row in state["annotations"]}
        fields = (
            "track",
            "start",
            "end",
            "label",
            "note",
            "source",
            "prediction_id",
            "version",
            "annotator",
            "attributes",
        )
        assert {i: [row[f] for f in fields] for i, row in shown.items()} == {
            i: [row[f] for f in fields] for i, row in there.items()
        }
        loaded = self.calls["load_document"]({"video": self.video})["data"]["predictions"]
        assert state["verdicts"] == {p["id"]: p["verdict"] for p in loaded}

    def nothing_of_mine_is_lost(self) -> None:
        """What nobody else touched is as the person left it, however often the server was away since."""
        there = self.library()
        untouched = {i: row for i, row in self.seen.items() if i not in self.touched}
        assert untouched.keys() == {i for i in there if i not in self.touched}
        for i, row in untouched.items():
            assert abs(there[i]["end"] - row["end"]) < 1e-6
            assert there[i]["note"] == row["note"]


@pytest.mark.parametrize("examples", [30, pytest.param(300, marks=pytest.mark.release)])
def test_a_page_and_a_colleague(workplace: Workplace, examples: int) -> None:
    Editing.workplace = workplace
    run_state_machine_as_test(
        Editing,
        settings=settings(
            max_examples=examples, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
