"""The map of a library: map."""

from studio.cli.common import Args, Commands, bar, opened, show


def register(commands: Commands) -> None:
    """Declare it."""
    sub = commands.add(
        "map", make, "lay out the library by what it looks like, for the Map page",
        examples=("studio map", "studio map --anew --json"),
        more="What has its place keeps it: videos and moments that came since are placed among the others.",
    )  # fmt: skip
    sub.add_argument("--anew", action="store_true", help="lay out everything again: every point moves")


def make(args: Args) -> int:
    """`studio map`"""
    with opened(args) as studio, bar("map") as progress:
        made = {**studio.map.build(progress, args.anew), "clusters": studio.map.clusters()}
    lines = [f"{cluster['size']:6} {cluster['name'] or '(no name)'}" for cluster in made["clusters"]]
    show(args, made, [*lines, f"{made['points']} points, {made['placed']} of them placed now."])
    return 0
