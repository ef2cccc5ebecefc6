"""What people decided: annotations."""

from studio.cli.common import Args, Commands, opened, show
from studio.timeline import to_dict


def register(commands: Commands) -> None:
    """Declare it."""
    commands.add("annotations", annotations, "list the current annotations", video=True)


def annotations(args: Args) -> int:
    """`studio annotations`"""
    with opened(args) as studio:
        found = [to_dict(a) for a in studio.timelines.annotations(studio.videos.resolve(args.video)["id"])]
    lines = [f"{a['start']:8.2f}–{a['end']:<8.2f} {a['track']}: {a['label']}  ({a['source']})" for a in found]
    show(args, {"annotations": found}, lines)
    return 0
