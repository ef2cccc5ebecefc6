"""M2: many editors at once. Nobody sees a lock, every stale save is a conflict, nothing is overwritten silently."""

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from studio.errors import Conflict
from studio.store import EditRequest, Store, annotations, videos
from studio.timeline import Annotation, Segment, apply_all
from tests.conftest import VIDEO
from tests.store.conftest import MEMORY


@contextmanager
def two_programs(folder: Path) -> Iterator[list[Store]]:
    """One library opened twice, as by the app and the command line: two writers."""
    stores = [Store(folder / "studio.db") for _ in range(2)]
    stores[0].write(lambda db: videos.add(db, dict(VIDEO)))
    try:
        yield stores
    finally:
        for store in stores:
            store.close()


def push(store: Store, wanted: Annotation, base: int, edit: str, who: str) -> Annotation:
    change = EditRequest(edit, "update" if base else "create", wanted, base)
    saved = store.write(lambda db: annotations.save(db, "v1", change, who))
    assert saved is not None
    return saved


def test_eight_editors_of_a_hundred_saves_each(tmp_path: Path) -> None:
    """Each moves the one annotation they share, reading again after a conflict: 800 saves are 800 versions."""
    with two_programs(tmp_path) as stores:
        push(stores[0], Annotation("a", Segment(0, 1), "moments", "x"), 0, "first", "nobody")

        def edit(who: int) -> int:
            store, conflicts = stores[who % 2], 0
            for turn in range(100):
                while True:
                    seen = store.read(lambda db: annotations.get(db, "a"))
                    wanted = replace(seen, segment=Segment(0, seen.segment.end + 1))
                    try:
                        push(store, wanted, seen.version, f"{who}-{turn}-{seen.version}", str(who))
                        break
                    except Conflict as refused:
                        assert refused.current is not None and refused.current["version"] > seen.version
                        conflicts += 1
            return conflicts

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(edit, range(8)))
        final = stores[1].read(lambda db: annotations.get(db, "a"))
        assert (final.version, final.segment.end) == (801, 801), "an overwritten save would be missing from the sum"
        history = stores[0].read(lambda db: annotations.history(db, "a"))
        assert apply_all({}, [edit for _, edit in history]) == {"a": final}


IDS = st.sampled_from(["a", "b", "c"])
CLIENTS = st.integers(0, 2)


class Editors(RuleBasedStateMachine):
    """Three clients who look, and save what they saw, against a model of what must be there."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
        self.programs = two_programs(Path(self.folder.name))
        self.stores = self.programs.__enter__()
        self.truth: dict[str, Annotation] = {}
        self.seen: list[dict[str, Annotation]] = [{}, {}, {}]
        self.edits = 0

    @rule(client=CLIENTS)
    def look(self, client: int) -> None:
        rows = self.stores[client % 2].read(lambda db: annotations.of_video(db, "v1"))
        self.seen[client] = {row.id: row for row in rows}
        assert self.seen[client] == {key: row for key, row in self.truth.items() if not row.deleted}

    @rule(client=CLIENTS, key=IDS, end=st.integers(1, 99), delete=st.booleans(), twice=st.booleans())
    def save(self, client: int, key: str, end: int, delete: bool, twice: bool) -> None:
        known = self.seen[client].get(key)
        base = known.version if known else 0
        now = self.truth.get(key)
        self.edits += 1
        wanted = Annotation(key, Segment(0, end), "moments", "x", deleted=delete)
        arguments = (self.stores[client % 2], wanted, base, f"e{self.edits}", str(client))
        if base == (now.version if now else 0):
            saved = push(*arguments)
            assert saved.version == base + 1
            self.truth[key] = self.seen[client][key] = saved
            if twice:  # the answer was lost and the browser sends it again
                assert push(*arguments) == saved
        else:
            with pytest.raises(Conflict) as refused:
                push(*arguments)
            assert now is not None and refused.value.current is not None
            assert refused.value.current["version"] == now.version

    @invariant()
    def nothing_is_lost(self) -> None:
        for store in self.stores:
            rows = store.read(lambda db: [annotations.get(db, key) for key in self.truth])
            assert {row.id: row for row in rows} == self.truth

    def teardown(self) -> None:
        self.programs.__exit__(None, None, None)
        self.folder.cleanup()


@pytest.mark.parametrize("examples", [40, pytest.param(400, marks=pytest.mark.release)])
def test_any_order_of_looking_and_saving(examples: int) -> None:
    """Examples of up to 50 steps each."""
    settled = settings(
        max_examples=examples, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(Editors, settings=settled)
