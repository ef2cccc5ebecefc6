"""What the pages may ask of Python: each takes one dict and answers {ok, data} or {ok: false, error, kind}."""

import base64
import functools
import logging
from collections.abc import Callable
from typing import Any

from studio.app.login import who
from studio.errors import Conflict, NotFound, NotTheirs, StoreError, StudioError, UsageError
from studio.service import Studio, catalogue, exchange, views
from studio.service.exchange import Plan
from studio.service.models import engines
from studio.service.requests import listed, text, texts, time, whole
from studio.service.rights import Actor, why_not
from studio.service.search import TOP, parse
from studio.service.status import status
from studio.service.trials import tried_tasks
from studio.timeline import seconds

Call = Callable[[Any], dict[str, Any]]
log = logging.getLogger(__name__)
ADD_AT_ONCE = 4


def answer(function: Callable[[dict[str, Any]], Any]) -> Call:
    """An exception in a server function would reach the page as `undefined`; this makes it a sentence instead."""

    @functools.wraps(function)
    def call(request: Any = None) -> dict[str, Any]:
        try:
            if not isinstance(request, dict):
                raise UsageError("This call takes one object.")
            return {"ok": True, "data": function(request)}
        except StudioError as error:
            kinds = {Conflict: "conflict", StoreError: "store", NotFound: "gone", NotTheirs: "others"}
            kind = next((kind for error_type, kind in kinds.items() if isinstance(error, error_type)), "refused")
            return {"ok": False, "error": str(error), "kind": kind}
        except RecursionError:  # Python's own bound; what a page sends is flat
            return {"ok": False, "error": "This request is nested too deeply.", "kind": "refused"}
        except Exception:
            log.exception("call %s failed", function.__name__)
            return {"ok": False, "error": "Something unexpected went wrong; nothing was changed.", "kind": "bug"}

    return call


def model(studio: Studio, request: dict[str, Any], key: str, task: str) -> str | None:
    """The name of a model of a task, None where the request names none. Never a file: pages know no paths."""
    name = text(request, key, "")
    if name and name not in engines(studio.settings, installed=False, task=task):
        raise UsageError(f"There is no model “{name}” for this; the Models page lists those there are.")
    return name or None


def overview_calls(studio: Studio) -> list[Call]:
    """For the Overview page."""

    def statistics(request: dict[str, Any]) -> Any:
        return studio.team.statistics()

    def agreement(request: dict[str, Any]) -> Any:
        return studio.team.agreement(text(request, "track", ""))

    def show_status(request: dict[str, Any]) -> Any:
        return status(studio)

    return [answer(f) for f in (statistics, agreement, show_status)]


def annotator(request: dict[str, Any]) -> str:
    """Whose edit it is: who is logged in, else the name that the page sends along."""
    return who.get() or text(request, "annotator", "")[:100]


def actor(studio: Studio, request: dict[str, Any]) -> Actor:
    """Who asks, for `studio.service.rights`."""
    return studio.users.actor(who.get(), annotator(request))


def shell_calls(studio: Studio) -> list[Call]:
    """For the header."""

    def whoami(request: dict[str, Any]) -> Any:
        return {"user": who.get(), "admin": actor(studio, request).admin, "read_only": studio.store.read_only}

    return [answer(whoami)]


def library_calls(studio: Studio) -> list[Call]:
    """For the Library page."""

    def list_videos(request: dict[str, Any]) -> Any:
        ready, known = studio.indexed()
        if ready < known:
            studio.prepare_lost()
        by = actor(studio, request)
        return {
            "videos": [
                {
                    **views.video(row, uploaded=studio.is_upload(row)),
                    "indexed": studio.derived.is_indexed(row),
                    "kept": "" if by.owns(row["added_by"]) else why_not("remove this video", row["added_by"]),
                }
                for row in studio.videos()
            ],
            "removed": [
                {"id": row["id"], "name": row["name"], "at": row["removed"], "by": row["removed_by"]}
                for row in studio.trash.listed()
                if by.owns(row["removed_by"])
            ],
            "jobs": studio.jobs(),
            "indexed": ready,
            "known": known,
        }

    def add_path(request: dict[str, Any]) -> Any:
        return studio.add_shared(text(request, "path"), whole(request, "done", 0), ADD_AT_ONCE, actor(studio, request))

    def remove_video(request: dict[str, Any]) -> Any:
        studio.remove(text(request, "video"), actor(studio, request))
        return {}

    def restore_video(request: dict[str, Any]) -> Any:
        return views.video(studio.bring_back(text(request, "video"), actor(studio, request)))

    def index_video(request: dict[str, Any]) -> Any:
        return views.job(studio.start("index", text(request, "video")))

    def cancel_job(request: dict[str, Any]) -> Any:
        studio.cancel(text(request, "job"))
        return {}

    def choose_tracks(request: dict[str, Any]) -> Any:
        sound = None if request.get("sound") is None else whole(request, "sound")
        said = request.get("subtitles")
        wanted = None if said is None else said if isinstance(said, str) else whole(request, "subtitles")
        return views.video(studio.choose_tracks(text(request, "video"), sound, wanted))

    functions = (list_videos, add_path, remove_video, restore_video, index_video, cancel_job, choose_tracks)
    return [*(answer(f) for f in functions), *exchange_calls(studio)]


def search_calls(studio: Studio) -> list[Call]:
    """For the Search page."""

    def search(request: dict[str, Any]) -> Any:
        model(studio, request, "encoder", "text_video")
        hits, strips = studio.searching.ask(parse(request))
        ready, known = studio.indexed()
        if ready < known:
            studio.prepare_lost()
        shown = [
            {
                "video": hit["video"]["id"], "name": hit["video"]["name"], "score": round(hit["score"], 3),
                "visual": round(hit["visual"], 3), "line": hit["line"],
                "start": seconds(hit["start_us"]), "end": seconds(hit["end_us"]), "peak": seconds(hit["peak_us"]),
                "aspect": hit["video"]["width"] / hit["video"]["height"],
            }
            for hit in hits
        ]  # fmt: skip
        heat = [
            {"video": s["video"]["id"], "name": s["video"]["name"], "scores": s["scores"],
             "duration": seconds(s["video"]["duration_us"])}
            for s in strips
        ]  # fmt: skip
        return {"hits": shown, "strips": heat, "indexed": ready, "known": known}

    def explain(request: dict[str, Any]) -> Any:
        encoder, row = model(studio, request, "encoder", "text_video"), studio.video(text(request, "video"))
        start, end = time(request, "start"), time(request, "end")
        why = studio.searching.explain(text(request, "query"), row, start, end, encoder)
        return {"words": why["words"], "frames": [[seconds(t), score] for t, score in why["frames"]]}

    def search_options(request: dict[str, Any]) -> Any:
        found, by = studio.searching.options(), actor(studio, request)
        for row in found["kept"]:
            row["fixed"] = "" if by.owns(row["annotator"]) else why_not("remove this search", row["annotator"])
        return found

    def keep_search(request: dict[str, Any]) -> Any:
        question = request.get("question")
        if not isinstance(question, dict):
            raise UsageError("“question” must be an object.")
        return studio.searching.keep(text(request, "name"), question, annotator(request), actor(studio, request))

    def forget_search(request: dict[str, Any]) -> Any:
        studio.searching.forget(text(request, "search"), actor(studio, request))
        return {}

    def restore_search(request: dict[str, Any]) -> Any:
        studio.searching.bring_back(text(request, "search"), actor(studio, request))
        return {}

    functions = (search, explain, search_options, keep_search, forget_search, restore_search)
    return [answer(f) for f in functions]


def models_calls(studio: Studio) -> list[Call]:
    """For the Models page."""

    def list_models(request: dict[str, Any]) -> Any:
        videos = [
            {"id": row["id"], "name": row["name"], "duration": seconds(row["duration_us"])} for row in studio.videos()
        ]
        return {
            "models": catalogue(studio.settings),
            "videos": videos,
            "tried": tried_tasks(),
        }

    def compare(request: dict[str, Any]) -> Any:
        task = text(request, "task")
        names = [model(studio, request, key, task) or "" for key in ("a", "b")]
        return {"jobs": studio.compare(text(request, "video"), task, names, text(request, "query", ""))}

    def compared(request: dict[str, Any]) -> Any:
        return studio.compared([text({"job": job}, "job") for job in listed(request, "jobs", 2)])

    return [answer(f) for f in (list_models, compare, compared)]


def annotate_calls(studio: Studio) -> list[Call]:
    """For the Annotate page."""

    def load_document(request: dict[str, Any]) -> Any:
        return {**studio.documents.load(text(request, "video")), "admin": actor(studio, request).admin}

    def changes(request: dict[str, Any]) -> Any:
        video, schema = text(request, "video"), text(request, "schema", "")
        news = studio.documents.changes(video, whole(request, "since", 0), whole(request, "run_since", 0), schema)
        window, name = text(request, "window", "")[:64], annotator(request)
        return {**news, "present": studio.presence.others(video, window, name)}

    def save(request: dict[str, Any]) -> Any:
        maker, sender = text(request, "annotator", ""), who.get()
        if sender and maker not in ("", sender):
            raise NotTheirs(f"Edits by “{maker[:100]}” wait in this browser; log in as {maker[:100]} to save them.")
        return studio.save(text(request, "video"), request.get("edits", []), annotator(request), actor(studio, request))

    def ground(request: dict[str, Any]) -> Any:
        options = {
            "top": max(1, min(TOP, whole(request, "top", 5))), "engine": model(studio, request, "engine", "grounding"),
            "refine": request.get("refine") is True, "check": request.get("check") is True,
            "remember": request.get("remember") is not False,
        }  # fmt: skip
        return studio.ground(text(request, "video"), text(request, "query"), options)

    def glance(request: dict[str, Any]) -> Any:
        params = {"at": seconds(time(request, "at")), "query": text(request, "query", "")}
        return {"run": studio.run("glance", text(request, "video"), params)["id"]}

    def start_job(request: dict[str, Any]) -> Any:
        return views.job(studio.start(text(request, "kind"), text(request, "video")))

    def cancel_job(request: dict[str, Any]) -> Any:
        studio.cancel(text(request, "job"))
        return {}

    def run_payload(request: dict[str, Any]) -> Any:
        run = studio.run_of(text(request, "run"))
        return {"task": run["task"], "query": run["query"], "payload": run["payload"]}

    def history(request: dict[str, Any]) -> Any:
        return studio.documents.history(text(request, "annotation"))

    def save_people(request: dict[str, Any]) -> Any:
        base = whole(request, "base", 0)
        row = studio.video(text(request, "video"))
        return studio.people.name(row, request.get("names"), base, annotator(request))

    def transcript(request: dict[str, Any]) -> Any:
        row = studio.video(text(request, "video"))
        fixed = studio.people.may_replace(row, actor(studio, request))
        return {"lines": studio.people.transcript(row), "fixed": fixed}

    def read_subtitles(request: dict[str, Any]) -> Any:
        longest = studio.settings.limits.import_bytes
        said: str | bytes = text(request, "text", "", longest=longest)
        if request.get("bytes"):  # what is not UTF-8 comes as it is, in base64
            try:
                said = base64.b64decode(text(request, "bytes", longest=2 * longest), validate=True)
            except ValueError:
                raise UsageError("“bytes” must be base64.") from None
        return studio.people.read_subtitles(studio.video(text(request, "video")), said, actor(studio, request))

    def save_line(request: dict[str, Any]) -> Any:
        known = None if request.get("line") is None else whole(request, "line", 0)
        start, end = (seconds(time(request, key)) for key in ("start", "end"))
        row, said = studio.video(text(request, "video")), text(request, "text")
        version, name = _version(request), annotator(request)
        return studio.people.save_line(row, known, start, end, said, version=version, annotator=name)

    def drop_line(request: dict[str, Any]) -> Any:
        row, line = studio.video(text(request, "video")), whole(request, "line")
        studio.people.drop_line(row, line, version=_version(request), annotator=annotator(request))
        return {}

    def restore_line(request: dict[str, Any]) -> Any:
        row = studio.video(text(request, "video"))
        return studio.people.restore_line(row, whole(request, "line"), annotator(request))

    def line_history(request: dict[str, Any]) -> Any:
        return studio.people.line_history(whole(request, "line"))

    def save_schema(request: dict[str, Any]) -> Any:
        return studio.schema.save(request.get("schema"), annotator(request), actor(studio, request))

    functions = (
        load_document, changes, save, ground, glance, start_job, cancel_job, run_payload, history,
        save_people, save_schema, transcript, read_subtitles, save_line, drop_line,
        restore_line, line_history,
    )  # fmt: skip
    return [*(answer(f) for f in functions), *exchange_calls(studio)]


def _version(request: dict[str, Any]) -> int | None:
    """The version that a person saw; None where a page of an earlier release does not say."""
    return None if request.get("version") is None else whole(request, "version")


def exchange_calls(studio: Studio) -> list[Call]:
    """Annotation files in and out, for the Annotate and Library pages; see `studio.service.exchange` for the answers.

    A file comes by POST /incoming and is named by its token; one goes out by GET /export/VIDEO?format=NAME.
    """

    def formats(request: dict[str, Any]) -> Any:
        return {"formats": exchange.listed()}

    def export_preview(request: dict[str, Any]) -> Any:
        return {"lost": studio.exchange.losses(text(request, "video"), text(request, "format"))}

    def import_preview(request: dict[str, Any]) -> Any:
        return studio.exchange.preview(*_import_of(studio, request))

    def import_apply(request: dict[str, Any]) -> Any:
        done = studio.exchange.apply(*_import_of(studio, request), annotator(request), actor(studio, request))
        studio.exchange.drop(text(request, "upload"))
        return done

    def import_drop(request: dict[str, Any]) -> Any:
        studio.exchange.drop(text(request, "upload"))
        return {}

    def import_undo(request: dict[str, Any]) -> Any:
        return studio.exchange.undo(text(request, "import"), annotator(request), actor(studio, request))

    def imports(request: dict[str, Any]) -> Any:
        found, by = studio.exchange.imports(), actor(studio, request)
        for row in found:
            row["fixed"] = "" if by.owns(row["annotator"]) else why_not("undo this import", row["annotator"])
        return {"imports": found}

    functions = (formats, export_preview, import_preview, import_apply, import_drop, import_undo, imports)
    return [answer(f) for f in functions]


def _import_of(studio: Studio, request: dict[str, Any]) -> tuple[bytes, str, str | None, Plan]:
    """The file, its name, its format and how it is to be imported."""
    longest = studio.settings.limits.label_chars
    videos, tracks, labels = (texts(request, key, longest=longest) for key in ("videos", "tracks", "labels"))
    kind, encoding = text(request, "kind", ""), text(request, "encoding", "")
    plan = Plan(text(request, "video", "") or None, videos, tracks, labels, kind, encoding)
    data = studio.exchange.kept(text(request, "upload"))
    return data, text(request, "name"), text(request, "format", "") or None, plan
