"""Finding moments: search, ground, survey."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from studio.cli.common import Args, Commands, Json, bar, known, lines_of, opened, queries_for, queries_of, show
from studio.cli.find import sentence
from studio.errors import UsageError
from studio.service import Studio, serializers
from studio.service.find import parse as parse_find
from studio.service.models import engines
from studio.service.search import SAID_WEIGHT, Filters, SearchRequest, parse, picture_of
from studio.timeline import seconds, us

UNSURE = 0.5  # agreement below which a person should look twice


def register(commands: Commands) -> None:
    """Declare them."""
    sub = commands.add(
        "search", search, "find moments across the library",
        examples=(
            'studio search "a dog on a beach" --top 5', "studio search 'dog + beach^0.5 -\"tall grass\"' --json",
            "studio search --image sunset.jpg", "studio search --like talk.mp4 12.5 15 --in other.mp4",
        ),
        more='A QUERY may weigh and exclude: dog on a beach; dog + beach^0.5; dog -grass; '
        'and ask for what is said or written, word for word: dog "never give up". With --image or --like it is '
        "optional.",
    )  # fmt: skip
    queries_for(sub, "QUERY", 20)
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
    adds = f"what words that are said or written add to a score (default {SAID_WEIGHT}; 0: nothing)"
    sub.add_argument("--said", type=float, default=SAID_WEIGHT, metavar="W", help=adds)
    sub.add_argument("--levels", type=float, nargs=3, metavar=("MOMENT", "FRAMES", "PARTS"),
                     help="compare with the whole moment, its frames, parts of its pictures, so weighed")  # fmt: skip
    sub.add_argument("--even", action="store_true", help="down-rank videos that match every query (transductive)")
    sub.add_argument("--saved", metavar="NAME", help="ask a search that was saved in the app")
    sub = commands.add(
        "ground", ground, "find the moments of one video that a text describes", video=True,
        examples=('studio ground talk.mp4 "she waves" --refine --json', "studio ground talk.mp4 --at 12.5"),
    )  # fmt: skip
    queries_for(sub, "QUERY", 5)
    names = engines(installed=False)
    sub.add_argument("--engine", choices=names, help=f"how moments are found (default {names[0]})")
    sub.add_argument(
        "--check", action="store_true", help="say how stable each moment is, by asking about changed videos"
    )
    sub.add_argument("--all", action="store_true", help="moments too that are probably not what is asked for")
    sub.add_argument("--remember", action=argparse.BooleanOptionalAction, default=True,
                     help="let earlier corrections of questions like this one pull")  # fmt: skip
    sub.add_argument("--refine", action="store_true", help="decode more frames around each boundary to place it better")
    sub.add_argument("--at", metavar="SECONDS", type=float, help="the moment around this time; QUERY is optional then")
    sub = commands.add(
        "survey", survey, "find what is in a video, by what was asked and said before", video=True,
        examples=("studio survey talk.mp4", "studio survey talk.mp4 --texts things.txt --json"),
    )  # fmt: skip
    sub.add_argument("--texts", metavar="FILE", type=Path, help="look for these instead, one a line")
    commands.add("searches", searches, "list the searches that were saved in the app", examples=("studio searches",))


def _question(args: Args, studio: Studio) -> SearchRequest:
    """The question without its text, from the options."""
    if args.saved:
        return replace(parse(studio.search.saved_as(args.saved)), top=args.top, encoder=args.encoder)
    like: tuple[tuple[str, int, int], ...] = ()
    if args.like:
        try:
            start, end = float(args.like[1]), float(args.like[2])
        except ValueError:
            raise UsageError("--like takes a VIDEO, a START and an END in seconds.") from None
        like = ((known(studio, args.like[0]), us(start), max(us(end), us(start) + 1)),)
    within = None if args.within is None else tuple(known(studio, ref) for ref in args.within)
    longest = None if args.longest is None else us(args.longest)
    filters = Filters(within, args.name, us(args.shortest), longest, args.label, args.annotated)
    image = None if args.image is None else picture_of(args.image)
    levels = None if args.levels is None else (args.levels[0], args.levels[1], args.levels[2])
    return SearchRequest("", like, image, filters, args.said, levels, args.even, args.top, args.encoder)


def _hit(found: Json) -> Json:
    return {**serializers.hit(found), "path": found["video"]["path"]}


def _sure(found: Json) -> str:
    """How sure a moment is, in per cent; of a question that no encoder was measured with, its score."""
    return f"{found['score']:6.3f}" if found.get("confidence") is None else f"{100 * found['confidence']:4.0f} %"


def search(args: Args) -> int:
    """`studio search`"""
    if args.query is None and args.queries is None and (args.image or args.like or args.saved):
        args.query = ""
    queries = queries_of(args)
    with opened(args) as studio:
        asked = _question(args, studio)
        ready, total = studio.videos.indexed()
        if ready < total:
            said = "1 video is" if total - ready == 1 else f"{total - ready} videos are"
            print(f"studio: {said} not indexed, of {total}; run: studio index", file=sys.stderr)
        results: list[Json] = [
            {"query": q, "found": serializers.answer(hits), "hits": [_hit(h) for h in hits]}
            for q in queries
            for hits in [studio.search.ask(replace(asked, text=q or asked.text))[0]]
        ]
        for result in results:
            if result["found"] is False:
                print(f"studio: nothing fits “{result['query']}” well; these are the nearest moments", file=sys.stderr)
    lines = [
        f"{_sure(h)}  {h['start']:8.2f}–{h['end']:.2f}  {Path(h['path']).name}"
        + (f"  {h['why']}: “{h['text']}”" if "text" in h else "")
        for r in results
        for h in r["hits"]
    ]
    first = {key: results[0][key] for key in ("found", "hits")} if results else {}
    show(args, {"results": results} if args.queries else first, lines)
    return 0


def ground(args: Args) -> int:
    """`studio ground`"""
    if args.at is None:
        queries, kind = queries_of(args), "ground"
        options: Json = {"top": args.top, "engine": args.engine, "refine": args.refine, "check": args.check,
                         "remember": args.remember, "unlikely": args.all}  # fmt: skip
    elif args.engine or args.refine or args.queries or args.check or args.all:
        raise UsageError("--at finds one moment by itself; leave out --engine, --refine, --check, --all and --queries.")
    else:
        queries, kind, options = [args.query or ""], "glance", {"at": args.at, "index": True}
    results = []
    with opened(args) as studio, bar("grounding") as progress:
        video = known(studio, args.video)
        for query in queries:
            run = studio.jobs.run(kind, video, {**options, "query": query, "encoder": args.encoder}, progress)
            results.append({"query": query, **serializers.grounded(run)})
            if results[-1]["found"] is False:
                print(f"studio: nothing fits “{query}” well; this is the nearest moment", file=sys.stderr)
            if (agreement := run["payload"].get("agreement", 1.0)) < UNSURE:
                print(f"studio: “{query}” is uncertain here: changed versions of the video agree by {agreement:.2f}",
                      file=sys.stderr)  # fmt: skip
    first = {key: value for key, value in results[0].items() if key != "query"} if results else {}
    lines = [
        f"{_sure(m)}  {m['start']:8.2f}–{m['end']:.2f}"
        + (f"  stability {m['stability']:.2f}" if "stability" in m else "")
        for r in results
        for m in r["moments"]
    ]
    show(args, {"results": results} if args.queries else first, lines)
    return 0


def survey(args: Args) -> int:
    """`studio survey`"""
    params: Json = {"texts": lines_of(args.texts)} if args.texts else {}
    with opened(args) as studio, bar("survey") as progress:
        run = studio.jobs.run("survey", known(studio, args.video), params, progress)
    found = [
        {"start": seconds(p.segment.start), "end": seconds(p.segment.end), "label": p.label, "score": round(p.score, 4)}
        for p in run["predictions"]
    ]
    lines = [f"{s['start']:8.2f}–{s['end']:<8.2f} {s['score']:.2f}  {s['label']}" for s in found]
    show(args, {"segments": found}, lines + [run["payload"]["note"]] * bool(run["payload"]["note"]))
    return 0


def searches(args: Args) -> int:
    """`studio searches`"""
    with opened(args) as studio:
        found, about = studio.search.saved(), studio.find.saved()
    lines = [f"{row['name']}  {row['question'].get('query', '')}" for row in found]
    lines += [f"{row['name']}  in annotations: {sentence(parse_find(row['question']))}" for row in about]
    show(args, {"searches": found, "find": about}, lines)
    return 0
