"""What the pages may ask of Python, a module for each page. The requests are classes in `requests`; each method takes
one and answers {ok, data} or {ok: false, error, kind}."""

from collections.abc import Callable, Mapping

from studio.app.rpc import annotate, library, library_map, models, overview, review, search, shell
from studio.app.rpc.method import Method
from studio.service import Studio

PAGES: Mapping[str, Callable[[Studio], list[Method]]] = {
    "shell": shell.methods,
    "library": library.methods,
    "search": search.methods,
    "map": library_map.methods,
    "annotate": annotate.methods,
    "review": review.methods,
    "models": models.methods,
    "overview": overview.methods,
}
"""Page → its methods for a library; the shell is the header of all pages."""

__all__ = ["PAGES", "Method"]
