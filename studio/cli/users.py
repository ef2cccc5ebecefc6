"""Who may come in: users."""

import getpass
import os
import sys

from studio.cli.common import Args, Commands, Json, opened, show
from studio.errors import UsageError

VARIABLE = "STUDIO_PASSWORD"


def register(commands: Commands) -> None:
    """Declare it."""
    sub = commands.add(
        "users", users, "say who may log in; once there is a user, everybody has to",
        examples=("studio users add berta", f"{VARIABLE}=… studio users add berta --admin", "studio users list",
                  "studio users admin berta", "studio users admin berta --off"),
        more="The first user is an admin, who may also remove and rename what others made.",
    )  # fmt: skip
    sub.add_argument("action", choices=["add", "remove", "list", "admin"])
    sub.add_argument("name", metavar="NAME", nargs="?")
    sub.add_argument("--admin", action="store_true", help="add: as an admin")
    sub.add_argument("--off", action="store_true", help="admin: no longer")


def users(args: Args) -> int:
    """`studio users add|remove|list|admin`"""
    if (args.name is None) != (args.action == "list"):
        raise UsageError("Use: studio users add NAME, remove NAME, admin NAME, or list.")
    if (args.admin and args.action != "add") or (args.off and args.action != "admin"):
        raise UsageError("--admin goes with add, and --off with admin.")
    with opened(args) as studio:
        if args.action == "add":
            studio.users.put(args.name, _password(), admin=args.admin)
        elif args.action == "remove":
            studio.users.drop(args.name)
        elif args.action == "admin":
            studio.users.make_admin(args.name, not args.off)
        found: list[Json] = [
            {"name": name, "added": added, "admin": admin} for name, added, admin in studio.users.listed()
        ]
    lines = [f"{user['name']}  (since {user['added'][:10]}{', admin' * user['admin']})" for user in found]
    show(args, {"users": found}, lines or ["nobody"])
    return 0


def _password() -> str:
    if VARIABLE in os.environ:
        return os.environ[VARIABLE]
    if not sys.stdin.isatty():
        raise UsageError(f"There is no terminal to ask for a password; give it in the variable {VARIABLE}.")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        raise UsageError("The two passwords differ; try again.")
    return first
