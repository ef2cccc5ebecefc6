"""Several libraries: libraries."""

from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from studio.cli.common import Args, Commands, settings_of, show
from studio.config import Settings
from studio.errors import UsageError
from studio.service import Studio
from studio.service.system.known_libraries import KnownLibraries


def register(commands: Commands) -> None:
    """Declare it."""
    sub = commands.add(
        "libraries", libraries, "list the libraries of this person, name them, or take one off the list",
        examples=("studio libraries", "studio libraries add interviews ~/libraries/interviews",
                  "studio libraries forget interviews"),
        more="Those that were served are on the list by themselves. `studio serve` opens one, and the app's header "
        "goes over to another. Forgetting one deletes nothing of it.",
    )  # fmt: skip
    sub.add_argument("action", choices=["list", "add", "forget"], nargs="?", default="list")
    sub.add_argument("name", metavar="NAME", nargs="?")
    sub.add_argument(
        "folder", metavar="DIR", nargs="?", type=Path, help="add: where it is; a new or empty folder: a new one"
    )


def libraries(args: Args) -> int:
    """`studio libraries [list|add NAME DIR|forget NAME]`"""
    if (args.name is None) != (args.action == "list") or (args.folder is None) == (args.action == "add"):
        raise UsageError("Use: studio libraries [list], add NAME DIR, or forget NAME.")
    known = KnownLibraries()
    if args.action == "add":
        home = args.folder.expanduser()
        settings = Settings(home=home, device=settings_of(args).device)
        if not settings.database.is_file() and home.is_dir() and any(home.iterdir()):
            raise UsageError(f"“{home}” holds other files and no library; name a library's folder, or an empty one.")
        with closing(Studio(settings)) as studio:
            known.add(args.name, home)
            known.opened(home, studio.libraries.id)
    elif args.action == "forget":
        known.forget(args.name)
    found = known.listed()
    value = {"libraries": [{**asdict(each), "there": each.there} for each in found]}
    lines = [
        f"{each.name:<24} {each.opened[:10] or 'never':<10}  {each.home}{'' if each.there else '  (not there)'}"
        for each in found
    ]
    show(args, value, lines or ["None yet: studio serve opens one."])
    return 0
