"""Who may come in: users."""

import getpass
import os
import sys

from studio.cli.console import Args, Commands, opened, show
from studio.errors import UsageError

VARIABLE = "STUDIO_PASSWORD"


def register(commands: Commands) -> None:
    """Declare it."""
    sub = commands.add(
        "users", users, "say who may log in; once there is a user, everybody has to",
        examples=("studio users add berta", f"{VARIABLE}=… studio users add berta", "studio users list"),
    )  # fmt: skip
    sub.add_argument("action", choices=["add", "remove", "list"])
    sub.add_argument("name", metavar="NAME", nargs="?")


def users(args: Args) -> int:
    """`studio users add|remove|list`"""
    if (args.name is None) != (args.action == "list"):
        raise UsageError("Use: studio users add NAME, remove NAME, or list.")
    with opened(args) as studio:
        if args.action == "add":
            studio.users.put(args.name, _password())
        elif args.action == "remove":
            studio.users.drop(args.name)
        found = [{"name": name, "added": added} for name, added in studio.users.listed()]
    show(args, {"users": found}, [f"{user['name']}  (since {user['added'][:10]})" for user in found] or ["nobody"])
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
