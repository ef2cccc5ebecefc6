"""The named endpoints, for scripts (gradio_client, plain HTTP) and for MCP: they read, and change no annotation.

An answer is the JSON that the command line prints, with a video's `name` where that says its `path`: no path of this
machine crosses the network. A wrong argument ends in one sentence. docs/api.md is their page.
"""

import functools
import importlib.util
import json
import logging
from collections.abc import Callable
from typing import Any

import gradio as gr
from gradio.events import api

from studio.app.login import current_user
from studio.errors import StudioError, UsageError
from studio.service import Studio, serializers
from studio.service.exchange import found
from studio.service.find import parse as parse_find
from studio.service.models import engines
from studio.service.requests import text, whole
from studio.service.search import TOP, Filters, SearchRequest
from studio.timeline import seconds, to_dict

Json = dict[str, Any]
Endpoint = Callable[..., Json]
TOOLS = ("search", "ground")
"""What MCP clients may call."""
MCP_REQUESTS = ("PingRequest", "ListToolsRequest", "CallToolRequest")
"""What else MCP clients may ask."""
log = logging.getLogger(__name__)


class ApiError(gr.Error):
    """A sentence for whoever called; `str` is the sentence itself, which MCP sends on."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, print_exception=False)

    def __str__(self) -> str:
        return str(self.message)


class Blocks(gr.Blocks):
    """Gradio's, where a call may leave out what has a default also when it comes by plain HTTP."""

    def validate_inputs(self, block_fn: Any, inputs: list[Any]) -> None:
        """Complete them; Gradio's own would refuse with a page about its insides."""
        inputs += [each.value for each in block_fn.inputs[len(inputs) :]]


def as_api_error(function: Endpoint) -> Endpoint:
    """What goes wrong becomes one sentence, for HTTP and MCP alike."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Json:
        try:
            return function(*args, **kwargs)
        except StudioError as error:
            raise ApiError(str(error)) from None
        except Exception:
            log.exception("endpoint %s failed", function.__name__)
            raise ApiError("Something unexpected went wrong; nothing was changed.") from None

    return call


def declare(studio: Studio) -> None:
    """Make the endpoints, inside the Blocks that is open."""
    for function in endpoints(studio):
        # Answered at once, like the calls of the pages: the queue would let MCP call only over HTTP, without a cookie.
        api(as_api_error(function), api_name=function.__name__, queue=False)


def check_mcp() -> None:
    """Raises UsageError where MCP's package is not installed."""
    if importlib.util.find_spec("mcp") is None:
        raise UsageError("MCP needs a package that is not installed; run: pip install 'moment-studio[mcp]'")


def restrict_mcp(blocks: gr.Blocks) -> None:
    """Leave MCP clients only the TOOLS, of all the endpoints that Gradio gave them, and answer them in JSON.

    There are no resources and no prompts: Gradio would read a resource by a request to the address that the client
    claims the studio has. Raises UsageError where Gradio and MCP's package do not fit together.
    """
    server = blocks.mcp_server_obj
    if server is None:
        log.error("MCP did not start: %s", blocks.mcp_error)
        raise UsageError("MCP cannot start with the version that is installed; run: pip install 'moment-studio[mcp]'")
    server.tool_to_endpoint = {tool: name for tool, name in server.tool_to_endpoint.items() if tool in TOOLS}
    handled = server.mcp_server.request_handlers
    for request in [kind for kind in handled if kind.__name__ not in MCP_REQUESTS]:
        del handled[request]

    def as_json(data: Any, root_url: str) -> list[Any]:
        """Gradio would send the text of a Python dict, which only Python reads."""
        return [server.types.TextContent(type="text", text=json.dumps(each, ensure_ascii=False)) for each in data]

    server.postprocess_output_data = as_json  # type: ignore[method-assign]


def endpoints(studio: Studio) -> list[Endpoint]:
    """The functions behind the endpoints. Their signatures and docstrings are what clients are shown."""

    def videos() -> Json:
        """The videos of the library, newest first.

        Returns:
            {"videos": [{"id", "name", "duration", "indexed"}]}; a duration is in seconds.
        """
        encoder = studio.media.encoder
        return {
            "videos": [
                {"id": row["id"], "name": row["name"], "duration": seconds(row["duration_us"]),
                 "indexed": studio.media.is_indexed(row, encoder)}
                for row in studio.videos.all()
            ]
        }  # fmt: skip

    def search(query: str, top: int = 20, within: list[str] | None = None) -> Json:
        """Find the moments across the library of videos that a text describes, best first.

        Args:
            query: What is seen, as in "a dog on a beach"; it may weigh and exclude: "dog + beach^0.5 -grass".
            top: How many moments at most, from 1 to 100.
            within: Ids of the only videos to look at; all when left out.

        Returns:
            {"found", "hits": [{"video", "name", "score", "confidence", "start", "end", "why"}]}, with "text" where
            words were found; video is an id, times are in seconds. "confidence" is how likely the moment is what was
            asked for, 0 to 1; "found" is false where nothing fits and the hits are only the nearest.
        """
        rows = None if within is None else tuple(studio.videos.get(ref)["id"] for ref in _texts("within", within))
        if not _text("query", query).strip():
            raise UsageError("“query” must say in a few words what you are looking for.")
        asked = SearchRequest(query, filters=Filters(rows), top=_count("top", top))
        made = studio.search.ask(asked, studio.users.actor(current_user.get()))[0]
        hits = [{**serializers.hit(hit), "name": hit["video"]["name"]} for hit in made]
        return {"found": serializers.answer(made), "hits": hits}

    def ground(video: str, query: str, top: int = 5, engine: str | None = None, check: bool = False) -> Json:
        """Find the moments of one video that a text describes, best first, and how well each part of it fits.

        Args:
            video: The id of a video, as search and videos say it.
            query: What happens, in a few words, as in "she waves".
            top: How many moments at most, from 1 to 100.
            engine: The name of a grounding model; the default when left out.
            check: Also say how stable each moment is ("stability"), by asking about changed versions of the video.

        Returns:
            {"found", "moments": [{"start", "end", "score", "confidence"}], "curve": {"times", "scores"}}; times are in
            seconds. As many moments as there are; "confidence" and "found" as search says them.
        """
        row = studio.videos.get(_text("video", video))
        if not _text("query", query).strip():
            raise UsageError("“query” must say in a few words what you are looking for.")
        names = engines(studio.settings)
        if engine is not None and _text("engine", engine) not in names:
            raise UsageError(f"There is no grounding model “{engine}” here; choose one of {', '.join(names)}.")
        if not isinstance(check, bool):
            raise UsageError("“check” must be true or false.")
        params = {"query": query, "top": _count("top", top), "engine": engine, "check": check}
        if not studio.media.is_indexed(row):  # an hour of indexing would keep every other question waiting
            raise UsageError(f"“{row['name']}” is not indexed yet; ask again when the Library page says that it is.")
        return serializers.grounded(studio.jobs.run("ground", row["id"], params))

    def find(question: dict[str, Any], first: int = 0, top: int = 100) -> Json:
        """Find moments by annotations and how they lie in time, by the names of their videos and by time.

        Args:
            question: As docs/find.md says it, {"segments": [{"labels": ["nod"]}, {"labels": ["smile"], "relation":
                {"is": "after", "most": 2}}]}.
            first: How many moments to leave out.
            top: How many moments at most, from 1 to 100.

        Returns:
            {"count", "total", "videos": [{"video", "name", "count", "total"}], "moments": [{"video", "name", "start",
            "end", "segments": [{"id", "kind", "status", "track", "label", "start", "end", …}]}]}; count and total (s)
            are of all moments.
        """
        by = studio.users.actor(current_user.get())
        return found.as_json(
            studio.find.ask(parse_find(question), by, whole({"first": first}, "first"), _count("top", top))
        )

    def annotations(video: str) -> Json:
        """The current annotations of one video, in order of time.

        Args:
            video: The id of a video, as search and videos say it.

        Returns:
            {"annotations": [{"id", "track", "start", "end", "label", "note", "source", …}]}; times are in seconds.
        """
        by = studio.users.actor(current_user.get())
        return {"annotations": [to_dict(each) for each in studio.timelines.annotations(_text("video", video), by)]}

    def models() -> Json:
        """The models there are, with what was measured of them and what is missing.

        Returns:
            {"models": [{"name", "task", "version", "summary", "default", "installed", "problems", "metrics", …}]}
        """
        return {"models": studio.teaching.catalogue(studio.users.actor(current_user.get()))}

    return [videos, search, ground, find, annotations, models]


def _text(name: str, value: Any) -> str:
    return text({name: value}, name)


def _texts(name: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise UsageError(f"“{name}” must be a list of ids of videos.")
    return [text({name: each}, name) for each in value]


def _count(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= TOP:
        raise UsageError(f"“{name}” must be a whole number from 1 to {TOP}.")
    return value
