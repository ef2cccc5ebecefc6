"""docs/formats.md, written from the one list: `python -m studio.formats.describe > docs/formats.md`."""

import sys
from importlib import import_module

from studio.formats import FORMATS, Format, cannot_hold

HEAD = """# File formats

Written by `python -m studio.formats.describe`; change the modules in `studio/formats`, not this page.

`studio import FILE` and `studio export VIDEO -o FILE` guess the format by the name of the file where it is certain;
`--format NAME` says it. `studio export VIDEO --format NAME --check` says what would be lost of these annotations, and
every export says so on standard error. `studio import FILE --preview` says what would be added, to which videos, under
which names; `--map-label`, `--map-track` and `--map-video` change the names; `studio import --undo ID` takes it back.

Frames are those of a video's own table of times, also where their rate varies. A segment is never rounded to nothing.
"""


def page() -> str:
    """The page."""
    rows = [
        f"| [{f.title}](#{f.name}) | `{f.name}` | `{f.extension}` | {_does(f)} | {_many(f)} | {f.units} |"
        for f in FORMATS.values()
    ]
    table = ["| format | name | file | | videos a file | times |", "|---|---|---|---|---|---|", *rows]
    return "\n".join([HEAD, *table, "", *(_section(f) for f in FORMATS.values())])


def _does(form: Format) -> str:
    return " and ".join(what for what, can in (("import", form.read), ("export", form.write)) if can)


def _many(form: Format) -> str:
    return "many" if form.many else "one"


def _section(form: Format) -> str:
    function = form.write or form.read
    assert function is not None
    said = (import_module(function.__module__).__doc__ or "").strip()
    lost = ", ".join(cannot_hold(form)) or "nothing: it is lossless"
    return f'<a id="{form.name}"></a>\n## {form.title}\n\n{said}\n\nHas no place for: {lost}.\n'


if __name__ == "__main__":
    sys.stdout.write(page())
