"""Finding in annotations: find."""

import json
import re
import shlex
import sys
from pathlib import Path

from studio.atomic_files import write_atomic
from studio.cli.common import Args, Commands, Json, known, opened, show
from studio.errors import UsageError
from studio.formats import FORMATS
from studio.index.time_relations import BOUNDED, RANGED, RELATIONS, Link
from studio.service import Studio
from studio.service.exchange import found as found_files
from studio.service.find import LETTERS, Question, Step, parse, plain
from studio.store.segments import KEYS, STATUSES
from studio.timeline import clock, seconds

TEXTS = ("text", "note", "said")
LISTED = {"label": "labels", "track": "tracks", "by": "annotators", "status": "statuses"}
LENGTHS = ("shortest", "longest")
_RANGE = re.compile(r"(\d*\.?\d*)\.\.(\d*\.?\d*)")

_MORE = f"""A SEGMENT is said by conditions, all of which it fulfils, as in: label=nod by=anna "text=so so" longest=2
  label=X, track=X, by=NAME, status=S     one of those that are given (each may be repeated)
  text=X       in the label or the note    note=X     in the note
  said=X       in a line of the transcript over it
  @NAME=X      an attribute and its value; @NAME= has any, @NAME=2..5 from, to
  shortest=S, longest=S                    seconds
An empty SEGMENT ('') lets all through. S is one of {", ".join(STATUSES)}
(undecided and rejected are of models, line is of the transcript; without S: annotations).

A RELATION is: [no] NAME [FROM..TO] [of A] [same KEY] [other KEY], where NAME is one of {", ".join(RELATIONS)};
FROM..TO are seconds between the two, ends included, for {", ".join(sorted(RANGED))};
..TO for {", ".join(sorted(BOUNDED - RANGED))};
“of A” says of which earlier one (A, B, …; without it, of the last that is there);
KEY is one of {", ".join(KEYS)}, or @NAME. What exactly each relation means: docs/find.md."""


def register(commands: Commands) -> None:
    """Declare it."""
    sub = commands.add(
        "find", find, "find moments by annotations and how they lie in time",
        examples=(
            "studio find label=nod", 'studio find "label=head shake" by=anna longest=2 --in talk.mp4 --json',
            "studio find label=nod --then 'after ..2' label=smile",
            "studio find track=Anna --then 'past other track' status=manual",
            "studio find label=question --then 'no after ..3 other track' label=answer --format moments -o open.csv",
        ),
        more=_MORE,
    )  # fmt: skip
    sub.add_argument("segment", metavar="SEGMENT", nargs="*", help="conditions of the segment A (none: any)")
    sub.add_argument("--then", metavar=("RELATION", "SEGMENT"), nargs=2, action="append", default=[],
                     help="another segment (B, C, …) and how it stands to an earlier one; repeatable")  # fmt: skip
    sub.add_argument("--every", action="store_true", help="list every combination (default: each A once, with the "
                     "first B, C, … that fit)")  # fmt: skip
    sub.add_argument("--in", dest="within", metavar="VIDEO", action="append", help="only in this video; repeatable")
    sub.add_argument("--name", default="", metavar="TEXT", help="only in videos whose name has this text")
    sub.add_argument("--question", metavar="FILE", help="a question as JSON instead (- for standard input)")
    sub.add_argument("--saved", metavar="NAME", help="ask a question that was saved in the app")
    sub.add_argument("--save", metavar="NAME", help="save this question under a name")
    sub.add_argument("--first", type=int, default=0, metavar="N", help="leave out so many moments")
    sub.add_argument("--top", type=int, metavar="K", help="how many moments at most (default: all)")
    writable = ", ".join([*found_files.TABLES, *(name for name, f in FORMATS.items() if f.write)])
    sub.add_argument("--format", metavar="F", default="", help=f"write what was found with -o: {writable}")
    sub.add_argument("-o", "--output", metavar="FILE", type=Path)


def find(args: Args) -> int:
    """`studio find`"""
    if (args.output is None) != (not args.format):
        raise UsageError("Name both a file and its format: -o FILE --format F.")
    if args.first < 0 or (args.top is not None and args.top < 1):
        raise UsageError("--first must be 0 or more, --top at least 1.")
    with opened(args) as studio:
        question = _question(args, studio)
        found = studio.find.ask(question, first=args.first, most=args.top)
        if args.save:
            studio.find.save(args.save, question, "")
        written: Json = {}
        if args.output is not None:
            lost = found_files.lost(studio.exchange, found, args.format)
            file = found_files.export(studio.exchange, question, found, args.format)
            zipped = file.media_type == "application/zip" and args.output.suffix.lower() != ".zip"
            if zipped and not FORMATS[args.format].extension == ".zip":
                raise UsageError(
                    "This format holds one video a file, and several were found: name a zip with -o FILE.zip."
                )
            write_atomic(args.output, file.content)
            written = {"file": str(args.output), "lost": lost}
            for each in lost:
                print(f"studio: {each}", file=sys.stderr)
    counts = ((found.count, "moment"), (len(found.videos), "video"))
    counted = " in ".join(f"{count} {what}{'s' * (count != 1)}" for count, what in counts)
    lines = [f"{counted}, {clock(found.total_us)} in all", *(_line(moment) for moment in found.moments)]
    made = found_files.as_json(found)
    for shown, moment in zip(made["moments"], found.moments, strict=True):
        shown["path"] = moment["video"]["path"]
    show(args, {"question": plain(question), **made, **written}, lines)
    return 0


def _line(moment: Json) -> str:
    said = [
        f"{LETTERS[n]} {each['track']}: {' '.join(each['label'].split())} "
        f"{seconds(each['start_us']):.2f}–{seconds(each['end_us']):.2f}"
        for n, each in enumerate(moment["segments"])
        if each is not None
    ]
    return f"{moment['video']['name']}  {'  '.join(said)}"


def _question(args: Args, studio: Studio) -> Question:
    sources = [args.question is not None, args.saved is not None, bool(args.segment or args.then)]
    if sum(sources) > 1:
        raise UsageError("Give SEGMENTs, or --question FILE, or --saved NAME.")
    if args.saved is not None:
        asked = plain(studio.find.saved_as(args.saved))
    elif args.question is not None:
        asked = _read(args.question)
    else:
        asked = {"segments": [_segment(args.segment), *map(_then, args.then)]}
    if args.within is not None:
        asked["videos"] = [known(studio, ref) for ref in args.within]
    if args.every:
        asked["every"] = True
    return parse({**asked, "name": args.name} if args.name else asked)


def _read(name: str) -> Json:
    try:
        value = json.loads(sys.stdin.read() if name == "-" else Path(name).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"“{Path(name).name}” cannot be read as JSON ({error}).") from None
    if not isinstance(value, dict):
        raise UsageError("A question about annotations is an object with “segments”.")
    return value


def _segment(conditions: list[str]) -> Json:
    """The conditions of a segment as `parse` wants them."""
    made: Json = {}
    for each in conditions:
        name, sign, value = each.partition("=")
        if not sign or not (name in (*LISTED, *TEXTS, *LENGTHS) or (name.startswith("@") and name != "@")):
            names = ", ".join([*LISTED, *TEXTS, *LENGTHS, "@NAME"])
            raise UsageError(
                f"“{each:.60}” is no condition; say NAME=VALUE, where NAME is one of {names}. "
                "A value with blanks stands in quotes."
            )
        if name in LISTED:
            made.setdefault(LISTED[name], []).append(value)
        elif name.startswith("@"):
            made.setdefault("attributes", {})[name[1:]] = value
        else:
            made[name] = _number(value, name) if name in LENGTHS else value
    return made


def _then(pair: list[str]) -> Json:
    try:
        words, conditions = shlex.split(pair[0]), shlex.split(pair[1])
    except ValueError:
        raise UsageError(f"A quote in “{' '.join(pair):.60}” is not closed.") from None
    return {**_segment(conditions), "relation": _relation(words)}


def _relation(words: list[str]) -> Json:
    made: Json = {}
    left = list(words)
    if left[:1] == ["no"]:
        made["absent"] = True
        left = left[1:]
    if not left:
        raise UsageError(f"A RELATION names one of {', '.join(RELATIONS)}.")
    made["is"] = left.pop(0)
    if left and (found := _RANGE.fullmatch(left[0])):
        left.pop(0)
        for name, text in zip(("least", "most"), found.groups(), strict=True):
            if text:
                made[name] = _number(text, name)
    while left:
        word, *rest = left
        if word not in ("of", "same", "other") or not rest:
            raise UsageError(f"“{' '.join(left):.60}” is not understood; say [FROM..TO] [of A] [same KEY] [other KEY].")
        value, left = rest[0], rest[1:]
        if word == "of":
            if len(value) != 1 or value not in LETTERS:
                raise UsageError(f"“of {value:.20}” must name a segment by its letter, as in: of A.")
            made["of"] = LETTERS.index(value)
        else:
            made[word] = f"attribute:{value[1:]}" if value.startswith("@") else value
    for name, able, what in (("most", BOUNDED, "FROM..TO"), ("least", RANGED, "FROM")):
        if name in made and made["is"] in RELATIONS and made["is"] not in able:
            raise UsageError(f"“{made['is']}” has no {what}; leave it out.")
    return made


def _number(value: str, name: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise UsageError(f"“{name}” must be a time in seconds, not “{value:.40}”.") from None


def sentence(question: Question) -> str:
    """A question as this command line takes it."""
    said = " ".join(shlex.quote(each) for each in _conditions(question.steps[0]))
    for step, link in zip(question.steps[1:], question.links, strict=True):
        said += f" --then {shlex.quote(_said(link))} {shlex.quote(shlex.join(_conditions(step)))}"
    return " ".join(filter(None, [said.strip(), "--every" * question.every])) or "any segment"


def _conditions(step: Step) -> list[str]:
    asked: Json = plain(Question((step,)))["segments"][0]
    said = [f"{name}={value}" for name, key in LISTED.items() for value in asked.get(key, ())]
    said += [f"{name}={asked[name]}" for name in TEXTS if name in asked]
    said += [f"@{name}={value}" for name, value in asked.get("attributes", {}).items()]
    return said + [f"{name}={asked[name]:g}" for name in LENGTHS if name in asked]


def _said(link: Link) -> str:
    words = ["no"] * link.absent + [link.relation]
    if link.least or link.most is not None:
        low, high = ("" if not each else f"{seconds(each):g}" for each in (link.least, link.most))
        words.append(f"{low}..{high or '0' * (link.most == 0)}")
    words.append(f"of {LETTERS[link.of]}")
    for which in ("same", "other"):
        key = getattr(link, which)
        words += [f"{which} {shlex.quote(key.replace('attribute:', '@', 1))}"] if key else []
    return " ".join(words)
