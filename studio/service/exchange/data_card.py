"""The data card of a data set: what is in it, who made it, how far they agree, and which models helped."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from statistics import fmean
from typing import Any

from studio import __version__
from studio.eval.agreement import overlap
from studio.formats.model import transcript_lines
from studio.formats.notes import counted, listed
from studio.store import Store, runs, statistics
from studio.timeline import Annotation, Timeline, clock, seconds

Row = dict[str, Any]
_CAME = {
    "manual": "made by hand",
    "accepted": "accepted as a model predicted it",
    "correction": "corrected from a prediction",
    "import": "imported",
}
Entries = Sequence[tuple[Row, Timeline]]


def facts(store: Store, entries: Entries, name: str) -> Row:
    """The card as plain values: counts, `labels`, `annotators`, `sources`, `agreement`, `worked_on_by_several`,
    `models`."""
    every = [a for _, timeline in entries for a in timeline.annotations]
    return {
        "name": name,
        "made_with": f"Moment Studio {__version__}",
        "videos": len(entries),
        "duration": seconds(sum(row["duration_us"] for row, _ in entries)),
        "annotations": len(every),
        "lines": sum(len(timeline.lines) for _, timeline in entries),
        "annotated": seconds(sum(a.segment.duration for a in every)),
        "labels": _labels(entries),
        "annotators": dict(sorted(Counter(a.annotator or "(no name)" for a in every).items())),
        "sources": dict(sorted(Counter(a.source for a in every).items())),
        **_agreement(store, entries),
        "models": _models(store, entries),
    }


def _labels(entries: Entries) -> list[Row]:
    """`track`, `label`, `segments`, `videos`, and the total and mean length in s, by falling count."""
    lengths: dict[tuple[str, str], list[int]] = {}
    videos: dict[tuple[str, str], set[str]] = {}
    for row, timeline in entries:
        for a in timeline.annotations:
            lengths.setdefault((a.track, a.label), []).append(a.segment.duration)
            videos.setdefault((a.track, a.label), set()).add(row["id"])
    return [
        {
            "track": track, "label": label, "segments": len(found), "videos": len(videos[track, label]),
            "total": seconds(sum(found)), "mean": seconds(round(fmean(found))),
        }
        for (track, label), found in sorted(lengths.items(), key=lambda item: (-len(item[1]), item[0]))
    ]  # fmt: skip


def _agreement(store: Store, entries: Entries) -> Row:
    """`agreement`: for every two annotators of one video the share of marked time on which both say the same, 0…1, its
    mean over their `videos`. Only independent work counts; `worked_on_by_several` is how many annotations are not."""
    touched = store.read(statistics.touched_by)
    shares: dict[tuple[str, str], list[float]] = {}
    for _, timeline in entries:
        by: dict[str, list[Annotation]] = {}
        for a in timeline.annotations:
            by.setdefault(a.annotator, []).append(a)
        for one, other in combinations(sorted(by), 2):
            mine, theirs = ([a for a in by[who] if not {one, other} <= touched[a.id]] for who in (one, other))
            if mine and theirs and (share := overlap(_marked(mine), _marked(theirs))) is not None:
                shares.setdefault((one, other), []).append(share)
    pairs = [
        {"annotators": list(pair), "videos": len(found), "overlap": round(fmean(found), 4)}
        for pair, found in sorted(shares.items())
    ]
    every = (a for _, timeline in entries for a in timeline.annotations)
    return {"agreement": pairs, "worked_on_by_several": sum(len(touched[a.id]) > 1 for a in every)}


def _marked(found: Iterable[Annotation]) -> list[tuple[str, int, int]]:
    return [(f"{a.track}\n{a.label}", a.segment.start, a.segment.end) for a in found]


def _models(store: Store, entries: Entries) -> list[Row]:
    """`task`, `model`, `version`, and how many of its `runs` there are, and annotations that accept or correct it."""

    def work(db: Any) -> list[Row]:
        used, helped = Counter[tuple[str, str, str]](), Counter[tuple[str, str, str]]()
        for row, timeline in entries:
            named = {a.prediction_id for a in timeline.annotations if a.prediction_id}
            for run in runs.of_video(db, row["id"]):
                key = run["task"], run["model"], run["model_version"]
                used[key] += 1
                helped[key] += sum(p.id in named for p in runs.predictions(db, run["id"]))
        return [
            {"task": task, "model": model, "version": version, "runs": used[task, model, version],
             "annotations": helped[task, model, version]}
            for task, model, version in sorted(used)
        ]  # fmt: skip

    return store.read(work)


def markdown(made: Mapping[str, Any]) -> str:
    """The card for people."""
    duration = clock(round(1e6 * made["duration"]))
    found = f" Videos of the saved search “{_cell(made['search'])}”." if made["search"] else ""
    found += " Chosen videos of a library." if made["chosen"] else ""
    columns = ("track", "label", "segments", "videos", "total", "mean")
    said = f" and {transcript_lines(made['lines'])}" if made["lines"] else ""
    sources = [f"{count} {_CAME.get(source, source)}" for source, count in made["sources"].items()]
    lines = [
        f"# {_cell(made['name'])}", "",
        f"{counted('annotation(s)', made['annotations'])}{said} in {counted('video(s)', made['videos'])} ({duration}).",
        f"Licence: {_cell(made['licence'])}.",
        f"Written by {made['made_with']} as {made['format_title']}.", "",
        *([found.strip(), ""] if found else []),
        "## Splits", "", *_splits(made), "", "## Labels", "",
        *_table((*columns[:4], "total (s)", "mean (s)"), [[row[k] for k in columns] for row in made["labels"]]),
        "", "## Annotators", "", *_table(("name", "annotations"), made["annotators"].items()), "",
        f"How the annotations came about: {', '.join(sources) or 'there are none'}.",
        "", "## Agreement", "",
    ]  # fmt: skip
    if made["agreement"]:
        lines += [
            "The share of marked time on which two people say the same, 0 to 1; mean over the videos of both.", "",
            *_table(("annotators", "videos", "overlap"),
                    [(" and ".join(row["annotators"]), row["videos"], row["overlap"]) for row in made["agreement"]]),
        ]  # fmt: skip
    else:
        lines.append("No video was annotated by two people, each by themselves.")
    if count := made["worked_on_by_several"]:
        lines += ["", f"Annotations that several people worked on, which are not compared between them: {count}."]
    lines += ["", "## Models that made proposals", ""]
    keys = ("task", "model", "version", "runs", "annotations")
    lines += _table(keys, [[row[k] for k in keys] for row in made["models"]]) if made["models"] else ["None."]
    lines += ["", "## What the format leaves out", ""]
    lines += [f"- {sentence}" for sentence in made["lost"]] or ["Nothing."]
    return "\n".join(lines) + "\n"


def _splits(made: Mapping[str, Any]) -> list[str]:
    splits: Mapping[str, int] = made["splits"]
    if list(splits) == ["all"]:
        return ["Not split: all is in one part."]
    empty = [name for name, videos in splits.items() if not videos]
    lines = ["By video: no video is in two of them.", "", *_table(("split", "videos"), splits.items()), ""]
    if empty:
        lines += [f"No video came into {listed(empty)}: there are too few for these shares.", ""]
    return [*lines, f"Seed: {made['seed']}."]


def _table(head: Sequence[str], rows: Iterable[Iterable[Any]]) -> list[str]:
    line = "| {} |".format
    return [line(" | ".join(head)), "|" + "---|" * len(head), *(line(" | ".join(map(_cell, row))) for row in rows)]


def _cell(value: Any) -> str:
    """A value that stays in its cell and is no markup."""
    text = " ".join(str(value).split())
    return "".join(f"\\{c}" if c in "\\|`*_[]<>#" else c for c in text)
