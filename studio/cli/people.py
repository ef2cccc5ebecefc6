"""What people express, who speaks, what is said and written: emotions, speakers, turns, transcribe, words, read."""

import sys
from pathlib import Path

from studio.cli.common import Args, Commands, Json, bar, known, opened, show
from studio.errors import UsageError
from studio.formats import subtitles
from studio.formats.notes import counted
from studio.service.models import engines
from studio.timeline import seconds


def register(commands: Commands) -> None:
    """Declare them."""
    sub = commands.add(
        "emotions", emotions, "find what faces and words express, and when", video=True,
        examples=("studio emotions talk.mp4 --subtitles talk.srt --json",),
    )  # fmt: skip
    sub.add_argument("--subtitles", metavar="FILE", type=Path, help="SRT, WebVTT or ASS (default: the video's own)")
    sub.add_argument("--encoding", metavar="NAME", help="of FILE, as in windows-1251 (default: UTF-8, else guessed)")
    for option, task, what in (("expression", "expression", "faces"), ("dialogue", "dialog_emotion", "lines")):
        names = engines(installed=False, task=task)
        sub.add_argument(f"--{option}", choices=names, help=f"what reads {what} (default {names[0]})")
    what = "find who speaks when; boxes in pixels of the displayed picture"
    sub = commands.add("speakers", speakers, what, video=True, examples=("studio speakers talk.mp4 --json",))
    for option, task, what in (("model", "active_speaker", "who speaks"), ("detector", "face_detector", "faces")):
        names = engines(installed=False, task=task)
        sub.add_argument(f"--{option}", choices=names, help=f"what finds {what} (default {names[0]})")

    what = "find who speaks when by the sound alone: two channels, or voices (optional package), else where one is"
    commands.add("turns", turns, what, video=True, examples=("studio turns call.wav --json",))

    sub = commands.add(
        "transcribe", transcribe, "write down what is said, with the time of each word", video=True,
        examples=(
            "studio transcribe talk.mp4 --json", "studio transcribe rede.mp4 --language de",
            "studio transcribe talk.mp4 --model Systran/faster-whisper-small",
        ),
    )  # fmt: skip
    sub.add_argument("--language", metavar="L", help="its code, as en or de (default: the one that is heard)")
    names = engines(installed=False, task="speech_recognition")
    what = f"what writes it down: {', '.join(names)} (the default is {names[0]}), OWNER/NAME of the hub, or a folder"
    sub.add_argument("--model", metavar="M", help=f"{what} with a Whisper for CTranslate2")
    sub = commands.add(
        "words", words, "make rows of the lines of a transcript and of their words, to annotate them", video=True,
        examples=("studio words talk.mp4", "studio words talk.mp4 --by ann --json"),
    )  # fmt: skip
    sub.add_argument("--by", default="", metavar="NAME", help="whose annotations they are")
    what = "find what is written on the screen, and when; boxes in pixels of the displayed picture"
    sub = commands.add("read", read, what, video=True, examples=("studio read talk.mp4 --json",))
    names = engines(installed=False, task="text_reading")
    sub.add_argument("--model", choices=names, help=f"what reads it (default {names[0]})")


def emotions(args: Args) -> int:
    """`studio emotions`"""
    params: Json = {key: name for key in ("expression", "dialogue") if (name := getattr(args, key))}
    if args.subtitles:
        if not args.subtitles.is_file():
            raise UsageError(f"There is no file “{args.subtitles.name}”; check the path after --subtitles.")
        read = subtitles.parse(args.subtitles.read_bytes(), args.encoding)
        params["subtitles"] = read.lines
        for problem in read.problems:
            print(f"studio: “{args.subtitles.name}”: {problem}", file=sys.stderr)
    elif args.encoding:
        raise UsageError("--encoding is that of a file; name it with --subtitles.")
    with opened(args) as studio, bar("emotions") as progress:
        run = studio.jobs.run("emotions", known(studio, args.video), params, progress)
    found = [
        {"track": p.track, "start": seconds(p.segment.start), "end": seconds(p.segment.end), "label": p.label,
         "score": round(p.score, 4)}
        for p in run["predictions"]
    ]  # fmt: skip
    lines = [f"{s['start']:8.2f}–{s['end']:<8.2f} {s['label']:<14} {s['score']:.2f}  {s['track']}" for s in found]
    show(args, {"segments": found}, lines + [run["payload"]["note"]] * bool(run["payload"]["note"]))
    return 0


def speakers(args: Args) -> int:
    """`studio speakers`"""
    with opened(args) as studio, bar("speakers") as progress:
        params = {"model": args.model, "detector": args.detector}
        run = studio.jobs.run("speakers", known(studio, args.video), params, progress)
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
    show(args, {"tracks": tracks}, lines + [run["payload"]["note"]] * bool(run["payload"]["note"]))
    return 0


def turns(args: Args) -> int:
    """`studio turns`"""
    with opened(args) as studio, bar("turns") as progress:
        run = studio.jobs.run("turns", known(studio, args.video), {}, progress)
    found = [
        {"track": p.track, "start": seconds(p.segment.start), "end": seconds(p.segment.end),
         "score": round(p.score, 4)}
        for p in run["predictions"]
    ]  # fmt: skip
    note = run["payload"]["note"]
    lines = [f"{turn['start']:8.2f}–{turn['end']:<8.2f} {turn['track']}" for turn in found]
    show(args, {"by": run["payload"]["by"], "turns": found, "note": note}, lines + [note] * bool(note))
    return 0


def transcribe(args: Args) -> int:
    """`studio transcribe`"""
    params = {"language": args.language, "model": args.model}
    with opened(args) as studio, bar("transcribe") as progress:
        row = studio.videos.get(known(studio, args.video))
        made = studio.jobs.transcribe(row["id"], params, progress)
        said = [line for line in studio.transcripts.lines(row) if line["source"] == "speech"]
        speakers = studio.transcripts.speakers(row, said)
    keys = ("start", "end", "text", "words")
    lines = [{**{key: line[key] for key in keys}, "speaker": who} for line, who in zip(said, speakers, strict=True)]
    value = {"language": made["language"], "source": "speech", "lines": lines}
    shown = [f"{line['start']:8.2f}–{line['end']:<8.2f} {line['text']}" for line in lines]
    show(args, value, shown + [made["note"]] * bool(made["note"]))
    return 0


def words(args: Args) -> int:
    """`studio words`"""
    with opened(args) as studio:
        made = studio.transcripts.as_rows(studio.videos.get(known(studio, args.video)), args.by)
    what = f"{counted('line(s)', made['lines'])} and {counted('word(s)', made['words'])}"
    said = f"{what} on {counted('row(s)', len(made['rows']))}: {', '.join(made['rows'])}"
    show(args, made, [said, f"Take it back with: studio import --undo {made['import']}"])
    return 0


def read(args: Args) -> int:
    """`studio read`"""
    with opened(args) as studio, bar("read") as progress:
        run = studio.jobs.run("read_text", known(studio, args.video), {"model": args.model}, progress)
    found = [
        {"start": seconds(p.segment.start), "end": seconds(p.segment.end), "text": p.label, "score": round(p.score, 4),
         "boxes": (p.payload or {})["boxes"]}
        for p in run["predictions"]
    ]  # fmt: skip
    lines = [f"{s['start']:8.2f}–{s['end']:<8.2f} {s['text']}" for s in found]
    show(args, {"segments": found}, lines + [run["payload"]["note"]] * bool(run["payload"]["note"]))
    return 0
