"""A label of what one of two people does: learned and found inside their boxes, on the row of each."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio import models
from studio.config import Settings
from studio.errors import UsageError
from studio.recipes.text_reading import write
from studio.service import Studio
from studio.service.timelines.selection import Selected
from tests.models.test_tracking import texture
from tests.service.test_studio import edit

Row = dict[str, Any]
SECONDS, FPS, HIGH, WIDE, SIDE = 26, 25, 180, 320, 100
PLACES = {"Anna": (40, 20), "Ben": (40, 200)}  # top, left
ACTS = {"Anna": [(2, 5), (9, 12), (17, 20)], "Ben": [(4, 7), (13, 16), (21, 24)]}


def picture(second: float) -> np.ndarray:
    """Both stand there; whoever acts shows stripes."""
    shown = texture(1, HIGH, WIDE, 20) // 3 + 90
    stripes = np.zeros((SIDE, SIDE, 3), np.uint8)
    stripes[::10], stripes[1::10], stripes[2::10], stripes[3::10] = (255, 220, 0), (255, 220, 0), (255, 220, 0), 255
    for name, (top, left) in PLACES.items():
        acts = any(start <= second < end for start, end in ACTS[name])
        shown[top : top + SIDE, left : left + SIDE] = stripes if acts else texture(7, SIDE, SIDE, 25)
    return shown


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    folder = tmp_path_factory.mktemp("boxes")
    path: Path = folder / "two.mp4"
    write(path, (picture(n / FPS) for n in range(SECONDS * FPS)), (WIDE, HIGH))
    studio = Studio(Settings(home=folder / "home", device="cpu"))
    video = studio.videos.add(path)
    studio.jobs.index(video["id"])
    boxes = [
        {
            "op": "box", "edit_id": f"box {name}", "id": name.lower(), "before": {"deleted": True},
            "after": {
                "deleted": False, "label": "person", "name": name,
                "keys": [
                    {"at": at, "hidden": False, "source": "manual",
                     "box": [left / WIDE, top / HIGH, (left + SIDE) / WIDE, (top + SIDE) / HIGH]}
                    for at in (0.0, SECONDS - 0.04)
                ],
            },
        }
        for name, (top, left) in PLACES.items()
    ]  # fmt: skip
    acts = [
        edit(edit_id=f"act {n}", id=f"act {n}", track="Anna", label="shows stripes", start=start, end=end,
             attributes={"box": "anna"})
        for n, (start, end) in enumerate(ACTS["Anna"][:2])
    ]  # fmt: skip
    for answer in studio.timelines.save(video["id"], [*boxes, *acts], "ann")["results"]:
        assert answer["ok"], answer
    yield studio
    studio.close()


def only(library: Studio) -> Row:
    return library.videos.all()[0]


def proposed(library: Studio) -> list[tuple[str, float, float, str]]:
    """What the newest run proposes: row, start, end, and the box that it is about."""
    document = library.timelines.load(only(library)["id"])
    run = document["runs"][-1]["id"]
    return [(p["track"], p["start"], p["end"], p["box"]) for p in document["predictions"] if p["run"] == run]


def near(found: list[tuple[str, float, float, str]], name: str, act: tuple[int, int]) -> bool:
    return any(
        (row, box) == (name, name.lower()) and abs(start - act[0]) <= 0.6 and abs(end - act[1]) <= 0.6
        for row, start, end, box in found
    )


def test_what_one_person_does_is_found_of_the_other_on_their_own_row(library: Studio) -> None:
    made = library.teaching.teach("shows stripes", "Anna")
    assert made["examples"]["positive"] == 2
    assert made["step"] == "classifier"
    assert "inside boxes" in made["note"]
    found = proposed(library)
    assert near(found, "Anna", ACTS["Anna"][2]), found
    assert all(near(found, "Ben", act) for act in ACTS["Ben"]), found
    assert not any(near(found, "Anna", act) for act in ACTS["Ben"]), "that is the other"
    assert not any(near(found, "Anna", act) for act in ACTS["Anna"][:2]), "it is labelled there"


def test_its_model_looks_inside_boxes_again_and_not_where_somebody_looked(library: Studio) -> None:
    library.teaching.teach("shows stripes", "Anna")
    (card,) = models.cards("detection", library.settings.models)
    assert "inside boxes over time" in card.summary
    library.teaching.mark_reviewed(only(library), 12_000_000, 17_000_000, "Ben", "ann")
    library.teaching.detect(card.name)
    found = proposed(library)
    assert near(found, "Ben", ACTS["Ben"][0]) and not near(found, "Ben", ACTS["Ben"][1]), found
    with pytest.raises(UsageError, match="tuned on whole frames"):
        library.teaching.teach("shows stripes", "Anna", deeper=True)


def test_what_is_accepted_keeps_its_box(library: Studio) -> None:
    library.teaching.teach("shows stripes", "Anna")
    video = only(library)["id"]
    document = library.timelines.load(video)
    run = document["runs"][-1]["id"]
    one = next(p for p in document["predictions"] if p["run"] == run and p["track"] == "Ben")
    library.selections.label(Selected(predictions=(one["id"],)), "shows stripes", "", "step", "ann")
    made = next(a for a in library.timelines.load(video)["annotations"] if a["track"] == "Ben")
    assert (made["attributes"], made["prediction_id"]) == ({"box": "ben"}, one["id"])


def test_what_was_inside_a_box_before_it_was_changed_is_not_kept(library: Studio) -> None:
    library.teaching.teach("shows stripes", "Anna")
    video = only(library)

    def kept() -> set[str]:
        names = library.cache.folder(video["id"]).glob("frames-*-inside-*.times.npy")
        return {name.name.partition("-inside-")[2].removesuffix(".times.npy") for name in names}

    versions = {box.id: box.version for box in library.boxes.of_video(video)}
    assert kept() == {f"{box}-{version}" for box, version in versions.items()}
    library.boxes.save(video, [{"id": "ben", "edit_id": "n", "before": {"name": "Ben"}, "after": {"name": "Benjamin"}}])
    library.teaching.teach("shows stripes", "Anna")
    assert kept() == {f"anna-{versions['anna']}", f"ben-{versions['ben'] + 1}"}
