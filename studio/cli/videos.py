"""The library and its videos: serve, demo, add, index, prepare."""

import dataclasses
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from studio.cli.common import ENCODER, Args, Commands, Json, bar, known, one_of_several, opened, settings_of, show
from studio.errors import UsageError
from studio.jobs import ProcessBackend
from studio.platform import system
from studio.service import Studio
from studio.service.jobs.jobs import words_of
from studio.service.videos import files, tracks
from studio.timeline import clock, seconds


def register(commands: Commands) -> None:
    """Declare them."""
    for name, run, what in (
        ("serve", serve, "open the studio in the browser"),
        ("demo", demo, "add the demo library, index it, and open the studio"),
    ):
        sub = commands.add(
            name, run, what, examples=(f"studio {name} --port 8000 --no-browser", f"studio {name} --no-browser --json"),
            more="With --json it prints one line when it can be reached, and runs on.",
        )  # fmt: skip
        sub.add_argument("--host", default="127.0.0.1")
        sub.add_argument("--port", type=int, default=7860)
        sub.add_argument("--no-browser", action="store_true", help="do not open a browser window")
        sub.add_argument("--folder", metavar="DIR", action="append", default=[], type=Path,
                         help="those who log in may add videos of this folder by their path; repeatable")  # fmt: skip
        sub.add_argument("--behind-proxy", metavar="NAME", nargs="?", const="",
                         help="a proxy on this machine passes requests on: believe its X-Forwarded headers, and let in "
                         "only who opened it as NAME (docs/security.md)")  # fmt: skip
        sub.add_argument("--cluster", metavar="ADDRESS",
                         help="do jobs on the cluster of Ray whose head is at HOST:PORT, or, with “auto”, on one of "
                         "this machine alone (default: $STUDIO_CLUSTER; docs/cluster.md)")  # fmt: skip
        sub.add_argument("--mcp", action="store_true", help="also let MCP clients search and ground (docs/api.md)")
    sub = commands.add(
        "add", add, "add videos to the library; they stay where they are",
        examples=("studio add talk.mp4", "studio add ~/films --json"),
    )  # fmt: skip
    sub.add_argument("paths", metavar="PATH", nargs="+", help="a video, or a folder of videos")
    sub = commands.add(
        "index", index, "compute what search and grounding need", examples=("studio index", "studio index talk.mp4")
    )
    sub.add_argument("videos", metavar="VIDEO", nargs="*", help="all of the library when none is named")
    sub.add_argument("--encoder", metavar="NAME", help=ENCODER)
    sub.add_argument("--encoding", metavar="NAME", help="of subtitles beside videos (default: UTF-8, else guessed)")
    sub = commands.add(
        "prepare", prepare, "write down what is said and read what is on the screen, of all videos that lack it",
        examples=("studio prepare", "studio prepare talk.mp4 --json", "studio prepare --new on"),
    )  # fmt: skip
    sub.add_argument("videos", metavar="VIDEO", nargs="*", help="all of the library when none is named")
    sub.add_argument("--new", choices=("on", "off"), help="whether a running studio does it of each video that is "
                     "added (off at first); nothing is done now")  # fmt: skip
    sub = commands.add(
        "tracks", tracks_, "list the sounds and subtitles of a video, or choose which are used", video=True,
        examples=("studio tracks film.mkv", "studio tracks film.mkv --sound 2 --subtitles 4"),
    )  # fmt: skip
    sub.add_argument("--sound", metavar="N", help="the sound that is used (“default”: as the file says)")
    sub.add_argument("--subtitles", metavar="N", help="the subtitles that become the transcript")
    sub = commands.add(
        "relink", relink_, "find videos again whose folder was moved, by their content",
        examples=("studio relink ~/films /mnt/archive/films",),
    )  # fmt: skip
    sub.add_argument("old", metavar="OLD", type=Path, help="the folder where they were")
    sub.add_argument("new", metavar="NEW", type=Path, help="the folder where they are now")


def serve(args: Args) -> int:
    """`studio serve`"""
    return _serve(args, {})


def _serve(args: Args, also: Json) -> int:
    """Serve until it is stopped; `also` joins what --json prints once it can be reached."""
    from studio.app import serve as run_app  # the web stack takes seconds to import; no other command needs it

    folders = tuple(system.real_path(folder.expanduser()) for folder in args.folder)
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"There is no folder “{folder}”; give one that is there with --folder.")
    cluster = os.environ.get("STUDIO_CLUSTER", "") if args.cluster is None else args.cluster
    settings = dataclasses.replace(settings_of(args), folders=folders, cluster=cluster)
    run_app(
        settings,
        args.host,
        args.port,
        open_browser=not args.no_browser,
        mcp=args.mcp,
        behind_proxy=args.behind_proxy,
        ready=lambda url: show(args, {"url": url, "library": str(settings.home), **also}, []),
    )
    return 0


def demo(args: Args) -> int:
    """`studio demo`: quick the second time."""
    from studio.assets.demo import build

    with opened(args) as studio:
        settings = studio.settings
    # in a child process: this one goes on to serve, and must not hold on to the models' memory
    backend = ProcessBackend(settings)
    rows = []
    with closing(Studio(settings, backend=backend)) as studio, bar("demo library") as progress:
        files = build(settings.home / "demo", progress)
        for number, file in enumerate(files):
            row = studio.videos.add(file)
            progress(number / len(files), f"indexing {row['name']}")
            studio.jobs.index(row["id"])
            rows.append(row)
    return _serve(args, {"videos": _listed(rows)})


def add(args: Args) -> int:
    """`studio add`"""
    rows, problems = [], []
    with opened(args) as studio, bar("adding") as progress:
        found = [files.videos_at(Path(path).expanduser()) for path in args.paths]
        wanted = [file for each in found for file in each.files]
        problems += [problem for each in found for problem in each.problems]
        for number, (row, problem) in enumerate(studio.videos.add_each(wanted)):
            progress(number / len(wanted), wanted[number].name)
            rows += [row] if row else []
            problems += [problem] if problem else []
    show(args, {"videos": _listed(rows)}, [f"{r['id']}  {clock(r['duration_us']):>12}  {r['path']}" for r in rows])
    notes = [f"“{r['name']}”: {note}" for r in rows for note in tracks.notes(r)]
    notes += [note for each in found for note in each.notes]
    for problem in notes + problems:
        print(f"studio: {problem}", file=sys.stderr)
    return 1 if problems else 0


def _listed(rows: Sequence[Json]) -> list[Json]:
    return [{"id": row["id"], "path": row["path"], "duration": seconds(row["duration_us"])} for row in rows]


def index(args: Args) -> int:
    """`studio index`"""
    done: list[Json] = []
    left_out: list[Json] = []
    with opened(args) as studio:
        for row in [studio.videos.get(known(studio, ref)) for ref in args.videos] or studio.videos.all():
            with one_of_several(row, left_out), bar(row["name"]) as progress:
                result = studio.jobs.index(row["id"], progress, args.encoder, args.encoding)
                done.append({"id": row["id"], "frames": result["frames"]})
                if result["note"]:
                    print(f"studio: {result['note']}", file=sys.stderr)
    show(args, {"indexed": done}, [f"{d['id']}  {d['frames'] or 'no'} frames" for d in done])
    return 1 if left_out else 0


def prepare(args: Args) -> int:
    """`studio prepare`"""
    if args.new and args.videos:
        raise UsageError("--new is about all videos that are added later; leave out the names of videos.")
    done: list[Json] = []
    left_out: list[Json] = []
    with opened(args) as studio:
        if args.new:
            studio.jobs.set_prepares_words(args.new == "on")
        else:
            named = [studio.videos.get(known(studio, ref)) for ref in args.videos]
            for row in named or studio.jobs.lack_words(waiting=True):
                studio.jobs.prepare_words([row])  # what is broken off is done by the next studio that runs
                with one_of_several(row, left_out), bar(row["name"]) as progress:
                    said = studio.jobs.transcribe(row["id"], {}, progress)
                    texts = 0
                    if "read_text" in words_of(row):
                        texts = len(studio.jobs.run("read_text", row["id"], {}, progress)["predictions"])
                    done.append({"id": row["id"], "lines": said["lines"], "texts": texts})
        on = studio.jobs.prepares_words()
    lines = [f"{d['id']}  {d['lines']} lines, {d['texts']} texts on the screen" for d in done]
    switch = [f"Speech and screen text of new videos are {'' if on else 'not '}prepared."]
    show(args, {"new": on, "prepared": done}, lines or switch)
    return 1 if left_out else 0


def tracks_(args: Args) -> int:
    """`studio tracks`"""
    with opened(args) as studio:
        row = studio.videos.get(known(studio, args.video))
        if args.sound is not None or args.subtitles is not None:
            sound = row["sound_track"] if args.sound is None else _track(args.sound)
            text = row["text_file"] or row["text_track"] if args.subtitles is None else _text(args.subtitles)
            row = studio.videos.choose_tracks(row["id"], sound, text)
        elif not row["tracks"]:  # it was added before tracks were kept
            row = studio.videos.add(row["path"])
    found = tracks.listed(row)
    lines = [
        f"{'*' if track['chosen'] else ' '} {track['index']}  {what} {track['name']}"
        for what, key in (("sound", "sounds"), ("subtitles", "texts"))
        for track in found[key]
    ]
    show(args, found, lines or ["It has neither sound nor subtitles."])
    return 0


def _track(number: str) -> int | None:
    """The number of a track; “default” for what the file says."""
    if number == "default":
        return None
    if not number.isdecimal():
        raise UsageError("A track is named by its number, as `studio tracks VIDEO` lists them, or “default”.")
    return int(number)


def _text(named: str) -> int | str | None:
    """A track by its number, or a file beside the video by its name."""
    return _track(named) if named.isdecimal() or "." not in named else named


def relink_(args: Args) -> int:
    """`studio relink`"""
    with opened(args) as studio:
        found, missing = studio.videos.relink(args.old, args.new)
    value = {key: [{"id": row["id"], "path": row["path"]} for row in rows]
             for key, rows in (("relinked", found), ("missing", missing))}  # fmt: skip
    lines = [f"{row['id']}  {row['path']}" for row in found]
    show(args, value, [*lines, f"{len(found)} of {len(found) + len(missing)} were found."])
    for row in missing:
        print(f"studio: “{row['name']}” is not in the new folder, or is another file there.", file=sys.stderr)
    return 1 if missing else 0
