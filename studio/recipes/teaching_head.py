"""What a temporal head adds to a taught label: `python -m studio.recipes.teaching_head --data DIR --cache DIR`.

Reels of photos as in `teaching`, of more photos. What is asked for is a scene that shows one of the concepts; the first
seconds of such a scene; or the scene that comes after one, whatever it shows: what single samples show does not tell
the last two. A person looks through one reel after the other until that many moments are labelled, and says nothing of
the others. Average precision on reels of dev photos of the linear detector, of the head, and of the one of them that
cross-validation on the labelled reels chooses, which is what the studio does; with `--events` on the events of
`teaching_events` by its folds, everything labelled but what is held out.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from studio import models
from studio.models.detection import NEGATIVE, POSITIVE, UNKNOWN, LabelledVideo, Learned, found_by, learn, learning
from studio.models.detection.head_training import AXES, train
from studio.models.detection.learning import apart, folds_of
from studio.models.detection.measuring import AT, Found, average_precision
from studio.recipes.teaching import CONCEPTS, DEV, MODELS_PAGE, Reel, photos, reels

TRAIN = 1400  # photos
COUNTS = (10, 20, 50, 100, 200)
ALL = "all"
BEGIN_S = 3
KINDS = ("scenes", "their first seconds", "what comes after")
# Frequent ones, of which hundreds of moments are there.
MORE = {"a dog": r"\bdogs?\b", "a child": r"\b(child|children|boy|girl|kid)s?\b"}
WAYS = ("linear", "head", "chosen")
Rows = dict[tuple[str, str], dict[str, dict[str, tuple[float, ...]]]]
"""(Kind, count) → way → label → average precision at each of AT, in per cent; chosen also 1 where it is the head."""


def of(reel: Reel, name: str, said: npt.NDArray[np.int64], kind: str) -> LabelledVideo:
    """A reel of which everything is known, but of scenes of which only one caption says the concept."""
    marks, truth = np.full(len(reel.rows), NEGATIVE, np.int8), []
    scenes = [(said[photo], start, end) for photo, start, end in reel.scenes]
    before = [(0, 0, 0), *scenes[:-1]]
    for (much, start, end), (earlier, _, _) in zip(scenes, before, strict=True):
        asked = earlier if kind == "what comes after" else much
        last = min(end, start + BEGIN_S) if kind == "their first seconds" else end
        if asked == 1:
            marks[start:end] = UNKNOWN
        elif asked >= 2:
            marks[start:last] = POSITIVE
            truth.append((start, last))
    edges = np.arange(len(reel.rows) + 1, dtype=np.float64)
    return LabelledVideo(name, reel.rows, edges, marks, np.array(truth, np.float64).reshape(-1, 2))


def looked_through(videos: Sequence[LabelledVideo], count: int) -> list[LabelledVideo]:
    """Of which as many are labelled as have so many moments."""
    found, left = [], count
    for video in videos:
        nothing = replace(video, known=np.full(len(video.known), UNKNOWN, np.int8), truth=video.truth[:0])
        found.append(video if left > 0 else nothing)
        left -= len(video.truth)
    return found


def compared(
    text: npt.NDArray[np.float32], videos: Sequence[LabelledVideo], held: Sequence[LabelledVideo]
) -> tuple[dict[str, list[tuple[Found, LabelledVideo]]], bool]:
    """What each way finds in held-out videos, and whether the head was chosen."""
    chosen = learn(text, videos)
    linear = replace(chosen, head=None)
    if chosen.head is None:
        library = learning._Library(text, apart(videos), 0)
        every = library.prepared
        head = train(
            [each.video for each in every], library.blend(every), library.centre, library.axes(AXES),
            [each.pieces for each in every], library.discriminant,
        )  # fmt: skip
    else:
        head = chosen.head
    by_way: dict[str, Learned] = {"linear": linear, "head": replace(chosen, head=head), "chosen": chosen}
    found = {way: [(found_by(learned, video), video) for video in held] for way, learned in by_way.items()}
    return found, chosen.head is not None


def precision(answers: Sequence[tuple[Found, LabelledVideo]]) -> tuple[float, ...]:
    return tuple(round(100 * average_precision(answers, at), 2) for at in AT)


def on_reels(data: Path, cache: Path, concepts: Sequence[str], kinds: Sequence[str], counts: Sequence[str]) -> Rows:
    model = models.load("text_video", device="cpu")
    train_photos, dev = (photos(data, cache, *each, {**CONCEPTS, **MORE}) for each in (("train", TRAIN), ("dev", DEV)))
    teach, test = reels(train_photos, 1), reels(dev, 2)
    rows: Rows = {}
    for concept in concepts:
        text = model.encode_text([concept])[0]
        for kind in kinds:
            known, held = (
                [of(reel, f"{name}{i}", some.said[concept], kind) for i, reel in enumerate(part)]
                for name, some, part in (("t", train_photos, teach), ("d", dev, test))
            )
            total = sum(len(video.truth) for video in known)
            for count in counts:
                if count != ALL and int(count) > total:
                    continue
                some = known if count == ALL else looked_through(known, int(count))
                answers, is_head = compared(text, some, held)
                for way in WAYS:
                    told = (*precision(answers[way]), float(is_head))
                    rows.setdefault((kind, count), {}).setdefault(way, {})[concept] = told
                means = [round(float(np.mean(rows[kind, count][way][concept][:3])), 1) for way in WAYS]
                print(f"{concept} | {kind} | {count} of {total} | {means} | {is_head}", flush=True)
    return rows


def on_events(data: Path) -> Rows:
    from studio.recipes.teaching_events import EVENTS, clips, labelled

    model, known = models.load("text_video", device="cpu"), clips(data)
    learning.HEAD_FROM = 1  # so few as there are
    rows: Rows = {}
    for label, where in json.loads(EVENTS.read_text(encoding="utf-8"))["labels"].items():
        text = model.encode_text([label])[0]
        videos = list(apart([labelled(name, *clip, where.get(name, [])) for name, clip in known.items()]))
        every: dict[str, list[tuple[Found, LabelledVideo]]] = {way: [] for way in WAYS}
        heads = []
        for learned, test in folds_of(videos):
            answers, is_head = compared(text, [videos[i] for i in learned], [videos[i] for i in test])
            heads.append(is_head)
            for way in WAYS:
                every[way] += answers[way]
        for way in WAYS:
            told = (*precision(every[way]), float(np.mean(heads)))
            rows.setdefault(("events of real clips", ALL), {}).setdefault(way, {})[label] = told
        print(label, {way: rows["events of real clips", ALL][way][label] for way in WAYS}, flush=True)
    return rows


def show(rows: Rows, write: bool) -> None:
    """Print means over labels, and write them into the table of docs/models.md; its rows of other kinds and counts
    stay."""
    lines = {}
    for (kind, count), by_way in rows.items():
        for way in WAYS:
            told = np.array(list(by_way[way].values()))
            numbers = [f"{each:.1f}" for each in (*told[:, :3].mean(0), told[:, :3].mean())]
            share = f"{100 * told[:, 3].mean():.0f} %" if way == "chosen" else ""
            lines[kind, count, way] = f"| {kind} | {count} | {len(told)} | {way} | {' | '.join(numbers)} | {share} |"
    print("\n".join(lines.values()))
    if not write:
        return
    begin, end = "<!-- teaching: head -->", "<!-- end of teaching: head -->"
    before, rest = MODELS_PAGE.read_text(encoding="utf-8").split(begin)
    old, after = rest.split(end)
    kept = [line for line in old.strip().splitlines()[2:] if _key(line) not in lines]
    head = [
        "| asked for | labelled moments | labels | way | AP@.3 | AP@.5 | AP@.7 | mean | head chosen |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    table = "\n".join([*head, *lines.values(), *kept])
    MODELS_PAGE.write_text(f"{before}{begin}\n{table}\n{end}{after}", encoding="utf-8")


def _key(line: str) -> tuple[str, str, str]:
    cells = [cell.strip() for cell in line.split("|")]
    return cells[1], cells[2], cells[4]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--concepts", nargs="*", default=[*CONCEPTS, *MORE])
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--counts", nargs="*", default=[*map(str, COUNTS), ALL])
    parser.add_argument("--events", action="store_true", help="the events of real clips instead of reels")
    parser.add_argument("--write", action="store_true", help="into docs/models.md")
    args = parser.parse_args()
    found: Any = on_events(args.data) if args.events else None
    if found is None:
        found = on_reels(args.data, args.cache, args.concepts, args.kinds, args.counts)
    show(found, args.write)


if __name__ == "__main__":
    main()
