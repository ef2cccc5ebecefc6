"""The `studio` command. Its JSON is a contract; exit status 0: done, 1: failed, 2: misused."""

import argparse
import json
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from studio import __version__
from studio.config import Settings, default_home
from studio.errors import NotFound, StudioError, UsageError
from studio.eval import TASKS, evaluate
from studio.formats import FORMATS, native, subtitles
from studio.jobs import ProcessWorker
from studio.service import Studio, catalogue, examine
from studio.service.models import download, engines, install
from studio.service.search import SAID_WEIGHT, Asked, Filters, parse, picture_of
from studio.timeline import clock, seconds, us

ENCODER = "an open_clip model instead of the embedded one: MODEL/PRETRAINED of the hub, or MODEL/FILE"
UNSURE = 0.5  # agreement below which a person should look twice
Args = argparse.Namespace
Json = dict[str, Any]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status."""
    args = _parser().parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        return int(args.run(args) or 0)
    except StudioError as error:
        print(f"studio: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except BrokenPipeError:  # the reader (head, less) has seen enough
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        print("studio: stopped", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    where = "the library's folder (default: $STUDIO_HOME, else the platform's folder for data)"
    common.add_argument("--home", metavar="DIR", type=Path, default=argparse.SUPPRESS, help=where)
    common.add_argument("--device", choices=["auto", "cpu", "cuda"], default=argparse.SUPPRESS,
                        help="where models run (default: a GPU if there is one)")  # fmt: skip
    parser = argparse.ArgumentParser(
        "studio", description="Search video for moments, correct what models propose, keep the corrections.",
        parents=[common], epilog="VIDEO is an id (from `studio add`) or a path; a new file is added first.",
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(
        name: str, run: Any, what: str, *, video: bool = False, as_json: bool = True
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=what, description=what, parents=[common])
        sub.set_defaults(run=run)
        if video:
            sub.add_argument("video", metavar="VIDEO", help="an id or a path")
        if as_json:
            sub.add_argument("--json", action="store_true", help="print JSON")
        return sub

    for name, run, what in (
        ("serve", serve, "open the studio in the browser"),
        ("demo", demo, "add the demo library, index it, and open the studio"),
    ):
        sub = command(name, run, what, as_json=False)
        sub.add_argument("--host", default="127.0.0.1")
        sub.add_argument("--port", type=int, default=7860)
        sub.add_argument("--no-browser", action="store_true", help="do not open a browser window")
    sub = command("add", add, "add videos to the library; they stay where they are")
    sub.add_argument("paths", metavar="PATH", nargs="+", help="a video, or a folder of videos")
    sub = command("index", index, "compute what search and grounding need")
    sub.add_argument("videos", metavar="VIDEO", nargs="*", help="all of the library when none is named")
    sub.add_argument("--encoder", metavar="NAME", help=ENCODER)
    sub = command("search", search, "find moments across the library")
    sub.epilog = (
        'A QUERY may weigh and exclude: dog on a beach; dog + beach^0.5; dog -grass; dog -"tall grass". '
        "With --image or --like it is optional."
    )
    _queries(sub, "QUERY", 20)
    sub.add_argument("--image", metavar="FILE", type=Path, help="moments that look like a picture (JPEG, PNG, WebP)")
    sub.add_argument(
        "--like", metavar=("VIDEO", "START", "END"), nargs=3, help="moments like this one; times in seconds"
    )
    sub.add_argument("--in", dest="within", metavar="VIDEO", action="append", help="only in this video; repeatable")
    sub.add_argument("--name", default="", metavar="TEXT", help="only in videos whose name has this text")
    sub.add_argument("--shortest", type=float, default=0.0, metavar="SECONDS", help="only in videos as long as this")
    sub.add_argument("--longest", type=float, metavar="SECONDS", help="only in videos no longer than this")
    sub.add_argument("--label", default="", help="only in videos with an annotation of this label")
    sub.add_argument(
        "--annotated", action=argparse.BooleanOptionalAction, help="only in videos with annotations, or without"
    )
    sub.add_argument("--said", type=float, default=SAID_WEIGHT, metavar="W",
                     help=f"what fitting subtitles add to a score (default {SAID_WEIGHT}; 0: nothing)")  # fmt: skip
    sub.add_argument("--levels", type=float, nargs=3, metavar=("MOMENT", "FRAMES", "PARTS"),
                     help="compare with the whole moment, its frames, parts of its pictures, so weighed")  # fmt: skip
    sub.add_argument("--even", action="store_true", help="hold back videos that fit every question (transductive)")
    sub.add_argument("--saved", metavar="NAME", help="ask a search that was saved in the app")
    sub = command("ground", ground, "find the moments of one video that a text describes", video=True)
    _queries(sub, "QUERY", 5)
    names = engines(installed=False)
    sub.add_argument("--engine", choices=names, help=f"how moments are found (default {names[0]})")
    sub.add_argument("--check", action="store_true", help="say how sure each moment is, by asking about changed videos")
    sub.add_argument("--remember", action=argparse.BooleanOptionalAction, default=True,
                     help="let earlier corrections of questions like this one pull")  # fmt: skip
    sub.add_argument("--refine", action="store_true", help="decode more frames around each boundary to place it better")
    sub.add_argument("--at", metavar="SECONDS", type=float, help="the moment around this time; QUERY is optional then")
    sub = command("survey", survey, "find what is in a video, by what was asked and said before", video=True)
    sub.add_argument("--texts", metavar="FILE", type=Path, help="look for these instead, one a line")
    sub = command("emotions", emotions, "find what faces and words express, and when", video=True)
    sub.add_argument("--subtitles", metavar="FILE", type=Path, help="SRT, WebVTT or ASS (default: the video's own)")
    sub = command("speakers", speakers, "find who speaks when; boxes in pixels of the displayed picture", video=True)
    for option, task, what in (("model", "active_speaker", "who speaks"), ("detector", "face_detector", "faces")):
        known = engines(installed=False, task=task)
        sub.add_argument(f"--{option}", choices=known, help=f"what finds {what} (default {known[0]})")
    command("annotations", annotations, "list the current annotations", video=True)
    sub = command("export", export, "write the annotations of a video to a file", video=True, as_json=False)
    formats = ", ".join(f"{f.name}: {f.title}" for f in FORMATS.values())
    sub.add_argument("--format", default="json", metavar="F", help=f"{formats} (default json)")
    sub.add_argument("-o", "--output", metavar="FILE", type=Path, help="(default: standard output)")
    sub = command("eval", score, "compare predictions with the truth, by the official metrics")
    sub.epilog = (
        'Truth of retrieval: {"query", "video"} a line. Truth of grounding: {"query", "video", "duration", "moments": '
        '[{"start", "end"}]} a line, in seconds; or QVHighlights lines; or the text of Charades-STA. Truth of emotion: '
        '{"video", "label", "start", "end"} a line, or a file of TEL. '
        "Truth of speakers: the CSV of AVA-ActiveSpeaker, or Columbia's."
    )
    sub.add_argument("task", choices=list(TASKS))
    sub.add_argument(
        "--truth", metavar="FILE", type=Path, required=True, help="JSON or JSON Lines; Charades-STA's text"
    )
    sub.add_argument("--predictions", metavar="FILE", type=Path, required=True,
                     help="what search or ground prints with --queries --json; QVHighlights lines; what emotions "
                     'prints with --json, a line for each video with "video" added')  # fmt: skip
    sub = command("models", models, "list the models, verify their files, or get more of them")
    sub.add_argument("action", choices=["list", "verify", "download", "add"])
    sub.add_argument("what", metavar="WHAT", nargs="?", help="add: a checkpoint; download: MODEL/PRETRAINED of the hub")
    sub.add_argument("--as", dest="name", metavar="NAME", help="add: the model that the checkpoint is of")
    sub = command("backup", backup, "copy the library's database, also while the studio runs", as_json=False)
    sub.add_argument("file", metavar="FILE", type=Path)
    command("doctor", doctor, "say what is missing and how to fix it")
    return parser


def _queries(sub: argparse.ArgumentParser, what: str, top: int) -> None:
    sub.add_argument("query", metavar=what, nargs="?")
    sub.add_argument("--queries", metavar="FILE", type=Path, help="a file with one query a line")
    sub.add_argument("--top", type=int, default=top, metavar="K", help=f"how many at most (default {top})")
    sub.add_argument("--encoder", metavar="NAME", help=ENCODER)


def _settings(args: Args) -> Settings:
    return Settings(home=getattr(args, "home", None) or default_home(), device=getattr(args, "device", "auto"))


@contextmanager
def _studio(args: Args) -> Iterator[Studio]:
    studio = Studio(_settings(args))
    try:
        yield studio
    finally:
        studio.close()


@contextmanager
def _bar(what: str) -> Iterator[Any]:
    """A progress function; it draws only on a terminal."""
    with tqdm(total=100, desc=what, disable=None, leave=False, bar_format="{desc} {bar} {percentage:3.0f}%") as bar:

        def progress(fraction: float, message: str) -> None:
            bar.n = round(100 * fraction)
            bar.set_description(f"{what}: {message}", refresh=True)

        yield progress


def _known(studio: Studio, ref: str) -> str:
    """The id of a video by id or path; a file that is not in the library yet is added first."""
    try:
        return str(studio.video(ref)["id"])
    except NotFound:
        if not Path(ref).is_file():
            raise
        return str(studio.add(ref)["id"])


def _print(args: Args, value: Json, lines: Sequence[str]) -> None:
    for line in [json.dumps(value, ensure_ascii=False)] if args.json else lines:
        print(line)


def serve(args: Args) -> int:
    """`studio serve`"""
    from studio.app import serve as run_app  # the web stack takes seconds to import; no other command needs it

    run_app(_settings(args), args.host, args.port, open_browser=not args.no_browser)
    return 0


def demo(args: Args) -> int:
    """`studio demo`: quick the second time."""
    from assets.demo import build

    settings = _settings(args)
    # in a child process: this one goes on to serve, and must not hold on to the models' memory
    worker = ProcessWorker(settings)
    with closing(Studio(settings, worker=worker)) as studio, _bar("demo library") as progress:
        files = build(settings.home / "demo", progress)
        for number, file in enumerate(files):
            row = studio.add(file)
            progress(number / len(files), f"indexing {row['name']}")
            studio.index(row["id"])
    return serve(args)


def add(args: Args) -> int:
    """`studio add`"""
    with _studio(args) as studio:
        rows, problems = studio.add_all(args.paths)
    listed = [{"id": r["id"], "path": r["path"], "duration": seconds(r["duration_us"])} for r in rows]
    _print(args, {"videos": listed}, [f"{v['id']}  {clock(r['duration_us']):>12}  {v['path']}"
                                      for v, r in zip(listed, rows, strict=True)])  # fmt: skip
    for problem in problems:
        print(f"studio: {problem}", file=sys.stderr)
    return 1 if problems else 0


def index(args: Args) -> int:
    """`studio index`"""
    done = []
    with _studio(args) as studio:
        for row in [studio.video(_known(studio, ref)) for ref in args.videos] or studio.videos():
            with _bar(row["name"]) as progress:
                done.append({"id": row["id"], "frames": studio.index(row["id"], progress, args.encoder)["frames"]})
    _print(args, {"indexed": done}, [f"{d['id']}  {d['frames']} frames" for d in done])
    return 0


def _wanted(args: Args) -> list[str]:
    """The queries asked for. Raises UsageError unless there is exactly one source of them."""
    if (args.query is None) == (args.queries is None):
        raise UsageError("Give one QUERY, or --queries FILE with one a line.")
    if args.top < 1:
        raise UsageError("--top must be at least 1.")
    return [args.query] if args.query is not None else _lines_of(args.queries)


def _lines_of(file: Path) -> list[str]:
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"The file “{file.name}” cannot be read as text.") from None
    return [line.strip() for line in lines if line.strip()]


def _question(args: Args, studio: Studio) -> Asked:
    """The question without its text, from the options."""
    if args.saved:
        return replace(parse(studio.searching.kept_as(args.saved)), top=args.top, encoder=args.encoder)
    like = None
    if args.like:
        try:
            start, end = float(args.like[1]), float(args.like[2])
        except ValueError:
            raise UsageError("--like takes a VIDEO, a START and an END in seconds.") from None
        like = _known(studio, args.like[0]), us(start), max(us(end), us(start) + 1)
    within = None if args.within is None else tuple(_known(studio, ref) for ref in args.within)
    longest = None if args.longest is None else us(args.longest)
    filters = Filters(within, args.name, us(args.shortest), longest, args.label, args.annotated)
    image = None if args.image is None else picture_of(args.image)
    levels = None if args.levels is None else (args.levels[0], args.levels[1], args.levels[2])
    return Asked("", like, image, filters, args.said, levels, args.even, args.top, args.encoder)


def _hit(hit: Json) -> Json:
    return {
        "video": hit["video"]["id"], "path": hit["video"]["path"], "score": round(hit["score"], 4),
        "start": seconds(hit["start_us"]), "end": seconds(hit["end_us"]),
        **({"line": hit["line"]} if hit["line"] else {}),
    }  # fmt: skip


def search(args: Args) -> int:
    """`studio search`"""
    if args.query is None and args.queries is None and (args.image or args.like or args.saved):
        args.query = ""
    queries = _wanted(args)
    with _studio(args) as studio:
        asked = _question(args, studio)
        ready, known = studio.indexed()
        if ready < known:
            print(f"studio: {known - ready} of {known} videos are not indexed; run: studio index", file=sys.stderr)
        results: list[Json] = [
            {"query": q, "hits": [_hit(h) for h in studio.searching.ask(replace(asked, text=q or asked.text))[0]]}
            for q in queries
        ]
    lines = [
        f"{h['score']:.3f}  {h['start']:8.2f}–{h['end']:.2f}  {Path(h['path']).name}"
        for r in results
        for h in r["hits"]
    ]
    _print(args, {"results": results} if args.queries else {"hits": results[0]["hits"]}, lines)
    return 0


def ground(args: Args) -> int:
    """`studio ground`"""
    if args.at is None:
        queries, kind = _wanted(args), "ground"
        options: Json = {"top": args.top, "engine": args.engine, "refine": args.refine, "check": args.check,
                         "remember": args.remember}  # fmt: skip
    elif args.engine or args.refine or args.queries or args.check:
        raise UsageError("--at finds one moment by itself; leave out --engine, --refine, --check and --queries.")
    else:
        queries, kind, options = [args.query or ""], "glance", {"at": args.at}
    results = []
    with _studio(args) as studio, _bar("grounding") as progress:
        video = _known(studio, args.video)
        for query in queries:
            run = studio.run(kind, video, {**options, "query": query, "encoder": args.encoder}, progress)
            moments = [
                {"start": seconds(p.segment.start), "end": seconds(p.segment.end), "score": round(p.score, 4),
                 **(p.payload or {})}
                for p in sorted(run["predictions"], key=lambda p: -p.score)
            ]  # fmt: skip
            results.append({"query": query, "moments": moments, "curve": run["payload"]["curve"]})
            if (agreement := run["payload"].get("agreement", 1.0)) < UNSURE:
                print(f"studio: “{query}” is uncertain here: changed versions of the video agree by {agreement:.2f}",
                      file=sys.stderr)  # fmt: skip
    first = {key: value for key, value in results[0].items() if key != "query"} if results else {}
    lines = [
        f"{m['score']:.3f}  {m['start']:8.2f}–{m['end']:.2f}"
        + (f"  confidence {m['confidence']:.2f}" if "confidence" in m else "")
        for r in results
        for m in r["moments"]
    ]
    _print(args, {"results": results} if args.queries else first, lines)
    return 0


def survey(args: Args) -> int:
    """`studio survey`"""
    params: Json = {"texts": _lines_of(args.texts)} if args.texts else {}
    with _studio(args) as studio, _bar("survey") as progress:
        run = studio.run("survey", _known(studio, args.video), params, progress)
    found = [
        {"start": seconds(p.segment.start), "end": seconds(p.segment.end), "label": p.label, "score": round(p.score, 4)}
        for p in run["predictions"]
    ]
    lines = [f"{s['start']:8.2f}–{s['end']:<8.2f} {s['score']:.2f}  {s['label']}" for s in found]
    _print(args, {"segments": found}, lines + [run["payload"]["note"]] * bool(run["payload"]["note"]))
    return 0


def emotions(args: Args) -> int:
    """`studio emotions`"""
    params: Json = {}
    if args.subtitles:
        if not args.subtitles.is_file():
            raise UsageError(f"There is no file “{args.subtitles.name}”; check the path after --subtitles.")
        params["subtitles"] = subtitles.read(args.subtitles.read_bytes())
    with _studio(args) as studio, _bar("emotions") as progress:
        run = studio.run("emotions", _known(studio, args.video), params, progress)
    found = [
        {"track": p.track, "start": seconds(p.segment.start), "end": seconds(p.segment.end), "label": p.label,
         "score": round(p.score, 4)}
        for p in run["predictions"]
    ]  # fmt: skip
    lines = [f"{s['start']:8.2f}–{s['end']:<8.2f} {s['label']:<14} {s['score']:.2f}  {s['track']}" for s in found]
    _print(args, {"segments": found}, lines + [run["payload"]["note"]] * bool(run["payload"]["note"]))
    return 0


def speakers(args: Args) -> int:
    """`studio speakers`"""
    with _studio(args) as studio, _bar("speakers") as progress:
        params = {"model": args.model, "detector": args.detector}
        run = studio.run("speakers", _known(studio, args.video), params, progress)
    tracks = []
    unseen = {"quality": 0.0, "boxes": [], **run["payload"]["off_screen"]}
    for person in [*run["payload"]["tracks"], unseen]:
        segments = [
            {"start": seconds(p.segment.start), "end": seconds(p.segment.end), "score": round(p.score, 4)}
            for p in run["predictions"]
            if p.track == person["track"]
        ]
        tracks.append({**person, "segments": segments})
    lines = [f"{s['start']:8.2f}–{s['end']:<8.2f} {t['track']}" for t in tracks for s in t["segments"]]
    _print(args, {"tracks": tracks}, lines + [run["payload"]["note"]] * bool(run["payload"]["note"]))
    return 0


def annotations(args: Args) -> int:
    """`studio annotations`"""
    with _studio(args) as studio:
        found = [native.to_dict(a) for a in studio.annotations(args.video)]
    lines = [f"{a['start']:8.2f}–{a['end']:<8.2f} {a['track']}: {a['label']}  ({a['source']})" for a in found]
    _print(args, {"annotations": found}, lines)
    return 0


def export(args: Args) -> int:
    """`studio export`"""
    with _studio(args) as studio:
        data = studio.export(args.video, args.format)
    if args.output is None:
        sys.stdout.buffer.write(data)
        return 0
    try:
        args.output.write_bytes(data)
    except OSError as error:
        raise UsageError(f"“{args.output.name}” cannot be written ({error.strerror}); choose another place.") from None
    return 0


def score(args: Args) -> int:
    """`studio eval`"""
    report = evaluate(args.task, args.truth, args.predictions)
    rows = {"predictions": report["metrics"], **report["baselines"]}
    lines = [
        f"{name.replace('_', ' '):<14} " + "  ".join(f"{k} {v:g}" for k, v in row.items() if isinstance(v, float))
        for name, row in rows.items()
    ]
    notes = [report["note"]] if "note" in report else []
    what = "queries" if "queries" in report else "videos"
    _print(args, report, [f"{report['answered']} of {report[what]} {what} answered", *lines, *notes])
    return 0


def models(args: Args) -> int:
    """`studio models list|verify|download|add`"""
    settings = _settings(args)
    if (args.what is None) != (args.action in ("list", "verify")) or (args.name is None) == (args.action == "add"):
        raise UsageError("Use: studio models list|verify, download MODEL/PRETRAINED, or add FILE --as NAME.")
    if args.action == "download":
        said = download(settings, args.what)
        _print(args, {"downloaded": args.what}, [said])
        return 0
    if args.action == "add":
        row = install(settings, Path(args.what), args.name)
        _print(args, {"added": row}, [f"{row['name']} is ready."])
        return 0
    cards = catalogue(settings)
    broken = [card for card in cards if card["problems"]]
    lines = [
        f"{'✗' if card['problems'] else '✓' if card['installed'] else '·'} {card['task']:<16} {card['name']:<16} "
        + "\n    ".join([card["summary"], *card["problems"], *[card["note"]] * bool(card["note"])])
        for card in cards
    ]
    _print(args, {"models": cards}, lines)
    return 1 if broken and args.action == "verify" else 0


def backup(args: Args) -> int:
    """`studio backup`"""
    with _studio(args) as studio:
        print(studio.backup(args.file))
    return 0


def doctor(args: Args) -> int:
    """`studio doctor`"""
    checks = examine(_settings(args))
    lines = [
        f"{'✓' if c['ok'] else '✗'} {c['what']}: {c['found']}" + ("" if c["ok"] else f"\n    {c['cure']}")
        for c in checks
    ]
    _print(args, {"checks": checks}, lines)
    return 0 if all(c["ok"] for c in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
