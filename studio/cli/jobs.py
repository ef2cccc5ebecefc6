"""The queue: jobs."""

from studio.cli.common import Args, Commands, Json, opened, show
from studio.errors import UsageError
from studio.store.work import PLACES

OFF = "off"


def register(commands: Commands) -> None:
    """Declare it."""
    sub = commands.add(
        "jobs", jobs, "show the work that runs, waits and failed; pause, limit and order it",
        examples=("studio jobs", "studio jobs --json", "studio jobs pause", "studio jobs resume",
                  "studio jobs retry --kind transcribe", "studio jobs retry 0123456789abcdef",
                  "studio jobs move 0123456789abcdef --to first", "studio jobs limit --hours 20:00-07:00 --cores 2",
                  "studio jobs limit --hours off --cores 0"),
        more="The queue is emptied by `studio serve`; what is said here counts there within two seconds.\n"
        "While it is paused, or outside its hours, what runs is finished, and what a person starts on a video is done.",
    )  # fmt: skip
    sub.add_argument("action", choices=["list", "pause", "resume", "limit", "move", "retry", "dismiss", "cancel"],
                     nargs="?", default="list")  # fmt: skip
    sub.add_argument("job", metavar="JOB", nargs="?", help="the id that --json prints")
    sub.add_argument(
        "--kind", metavar="KIND", default="", help="retry: all of this kind that failed; else all there are"
    )
    sub.add_argument("--to", choices=PLACES, help="move: where in the queue")
    sub.add_argument("--hours", metavar="HH:MM-HH:MM", help=f"limit: when the queue works ({OFF}: all day)")
    sub.add_argument("--cores", metavar="N", type=int, help="limit: how many processors its work may use (0: all)")


def jobs(args: Args) -> int:
    """`studio jobs [list|pause|resume|limit|move|retry|dismiss|cancel]`"""
    _check(args)
    with opened(args) as studio:
        work = studio.work
        match args.action:
            case "pause":
                work.pause()
            case "resume":
                work.resume()
            case "limit":
                if args.hours is not None:
                    work.set_hours("" if args.hours == OFF else args.hours)
                if args.cores is not None:
                    work.set_cores(args.cores)
            case "move":
                work.move(args.job, args.to)
            case "retry" if args.job:
                work.retry(args.job)
            case "retry":
                work.retry_all(args.kind)
            case "dismiss":
                work.dismiss(args.job)
            case "cancel":
                work.cancel(args.job)
        found = work.state()
    show(args, {key: found[key] for key in found if key not in ("fixed", "several", "serving")}, _lines(found))
    return 0


def _check(args: Args) -> None:
    """Raise UsageError where the options do not belong to the action."""
    named = args.action in ("move", "dismiss", "cancel")
    if (args.job is None and named) or (args.job is not None and not named and args.action != "retry"):
        raise UsageError("Use: studio jobs [list], pause, resume, limit, retry [JOB], or move|dismiss|cancel JOB.")
    if (args.to is None) != (args.action != "move"):
        raise UsageError(f"--to goes with move, and says where: {', '.join(PLACES)}.")
    if (args.hours is None and args.cores is None) != (args.action != "limit"):
        raise UsageError("--hours and --cores go with limit, which needs one of them.")
    if args.kind and (args.action != "retry" or args.job):
        raise UsageError("--kind goes with retry, without a job.")


def _lines(found: Json) -> list[str]:
    left = about(found["left_s"])
    lines = [f"{len(found['running'])} running, {found['waiting']} waiting, {found['failures']} failed"
             + (f"; {left} left" if left else "")]  # fmt: skip
    lines += [found["held"]] if found["held"] else []
    lines += [f"running  {round(100 * job['progress']):3} %  {_named(job)}" for job in found["running"]]
    lines += [f"waiting  {job['id']}  {_named(job)}" for job in found["queue"]]
    lines += [f"failed   {job['id']}  {_named(job)}: {job['error']}" for job in found["failed"]]
    return lines + [f"off      {each['what']}: {each['why']}" for each in found["off"]]


def _named(job: Json) -> str:
    return " ".join(filter(None, [job["title"], job["video"], f"“{job['query']}”" if job["query"] else ""]))


def about(seconds: float | None) -> str:
    """A duration that was estimated, as people say it; empty for none."""
    if seconds is None:
        return ""
    if seconds < 60:
        return "less than a minute"
    minutes = round(seconds / 60)
    return f"about {minutes} min" if minutes < 90 else f"about {seconds / 3600:.1f} h".replace(".0 h", " h")
