"""M18: the clock goes back, forward a year, through a change to summer time. Order comes from numbers."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from studio.store import EditRequest, Store, annotations, jobs, runs, videos
from studio.timeline import Annotation, ModelRun, Prediction, Segment, apply_all
from tests.conftest import VIDEO

JUMPS = [timedelta(hours=-1), timedelta(days=365), timedelta(hours=1), timedelta(seconds=1), timedelta(days=-400)]


class Clock(datetime):
    """A wall clock that a test sets."""

    shown = datetime(2026, 3, 29, 0, 59, tzinfo=UTC)

    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
        return cls.shown


@pytest.mark.parametrize("sequences", [500, pytest.param(5_000, marks=pytest.mark.release)])
def test_a_clock_that_jumps_reorders_nothing(
    quick_folder: Path, sequences: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(quick_folder / "studio.db")
    store.write(lambda db: videos.add(db, dict(VIDEO)))
    monkeypatch.setattr("studio.store.videos.datetime", Clock)
    chance = random.Random(7)
    for sequence in range(sequences):
        name = f"s{sequence}"
        made: list[str] = []
        for version in range(5):
            Clock.shown = max(Clock.shown + chance.choice(JUMPS), datetime(2000, 1, 1, tzinfo=UTC))
            wanted = Annotation(name, Segment(0, version + 1), "moments", "x")
            change = EditRequest(f"{name}-{version}", "update" if version else "create", wanted, version)
            found = Prediction(Segment(0, version + 1), "moments", "x", 0.5)
            run = ModelRun("v1", "grounding", "m", "1", [found])

            def work(db, change=change, run=run, made=made):  # type: ignore[no-untyped-def]
                annotations.save(db, "v1", change, "ann")
                made.append(runs.add(db, run))
                return jobs.add(db, "ground", "v1", {"n": f"{change.edit_id}"}, limit=None)["id"]

            store.write(work)
        entries = store.read(lambda db, name=name: annotations.history(db, name))
        assert [edit.after.segment.end for _, edit in entries if edit.after] == [1, 2, 3, 4, 5]
        assert apply_all({}, [edit for _, edit in entries])[name].version == 5
        if sequence % 50 == 0:
            assert [run["id"] for run in store.read(lambda db: runs.of_video(db, "v1"))][-5:] == made
    waiting = sequences * 5
    taken = [store.write(lambda db: jobs.take(db, "studio/1")) for _ in range(min(waiting, 50))]
    expected = [f"s{n // 5}-{n % 5}" for n in range(len(taken))]
    assert [job and job["params"]["n"] for job in taken] == expected
    times = [row[0] for row in store.read(lambda db: db.execute("SELECT at FROM revisions ORDER BY seq").fetchall())]
    assert times != sorted(times), "the clock never went back, and nothing was proved"
    store.close()
