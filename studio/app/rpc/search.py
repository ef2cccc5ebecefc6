"""For the Search page."""

from typing import Any

from studio.app.login import current_user
from studio.app.rpc import choosing
from studio.app.rpc.method import Method, actor, annotator, model_name, rpc_methods
from studio.app.rpc.requests import (
    Explain,
    FindMoments,
    FoundPreview,
    Request,
    SaveFind,
    SaveSearch,
    SearchReference,
)
from studio.service import Studio, serializers
from studio.service.accounts.rights import why_not
from studio.service.exchange import exchange, found
from studio.service.find import PAGE
from studio.service.find import parse as parse_find
from studio.service.requests import text
from studio.service.search import parse
from studio.timeline import seconds

Json = dict[str, Any]


def methods(studio: Studio) -> list[Method]:
    def search(request: Json) -> Any:
        model_name(studio, text(request, "encoder", ""), "text_video")
        hits, strips = studio.search.ask(parse(request), studio.users.actor(current_user.get()))
        ready, known = studio.videos.indexed()
        shown = [
            {
                "video": hit["video"]["id"], "name": hit["video"]["name"], "score": round(hit["score"], 3),
                "confidence": None if hit["confidence"] is None else round(hit["confidence"], 3),
                "visual": round(hit["visual"], 3), "line": hit["line"], "parts": hit["parts"], "why": hit["why"],
                "start": seconds(hit["start_us"]), "end": seconds(hit["end_us"]), "peak": seconds(hit["peak_us"]),
                "aspect": hit["video"]["width"] / (hit["video"]["height"] or 1),
            }
            for hit in hits
        ]  # fmt: skip
        heat = [
            {"video": s["video"]["id"], "name": s["video"]["name"], "scores": s["scores"],
             "duration": seconds(s["video"]["duration_us"])}
            for s in strips
        ]  # fmt: skip
        found = serializers.answer(hits)
        words = {} if hits else {"wordless": studio.jobs.count_lacking_words()}  # the page says why there is nothing
        return {"hits": shown, "strips": heat, "indexed": ready, "known": known, "found": found, **words}

    def explain(request: Explain) -> Any:
        encoder, row = model_name(studio, request.encoder, "text_video"), studio.videos.get(request.video)
        why = studio.search.explain(request.query, row, request.start, request.end, encoder)
        return {
            **{key: why[key] for key in ("words", "parts", "grid", "area")},
            "frames": [[seconds(t), score] for t, score in why["frames"]],
            "peak": seconds(why["peak_us"]),
        }

    def search_options(request: Request) -> Any:
        by = actor(studio, request)
        found = studio.search.options(by)
        for row in found["kept"]:
            row["fixed"] = "" if by.owns(row["annotator"]) else why_not("remove this search", row["annotator"])
        return found

    def search_examples(request: Request) -> Any:
        return {"examples": studio.search.examples()}

    def save_search(request: SaveSearch) -> Any:
        return studio.search.save(request.name, request.question, annotator(request), actor(studio, request))

    def delete_search(request: SearchReference) -> Any:
        studio.search.delete(request.search, actor(studio, request))
        return {}

    def restore_search(request: SearchReference) -> Any:
        studio.search.restore(request.search, actor(studio, request))
        return {}

    def find(request: FindMoments) -> Any:
        made = studio.find.ask(parse_find(request.question), actor(studio, request), request.first, PAGE)
        facts = {
            moment["video"]["id"]: {
                "duration": seconds(moment["video"]["duration_us"]),
                "media_start": serializers.media_start(
                    moment["video"]["start_us"], moment["video"]["browser_playable"]
                ),
            }
            for moment in made.moments
        }
        shown = found.as_json(made)
        here = [video for video in shown["videos"] if video["video"] in facts]  # of a large library there are many more
        return {**shown, "videos": here, "in_videos": len(made.videos), "facts": facts}

    def find_choices(request: Request) -> Any:
        by = actor(studio, request)
        kept = studio.find.saved()
        for row in kept:
            row["fixed"] = "" if by.owns(row["annotator"]) else why_not("remove this search", row["annotator"])
        return {**studio.find.choices(by), "kept": kept}

    def save_find(request: SaveFind) -> Any:
        question = parse_find(request.question)
        return studio.find.save(request.name, question, annotator(request), actor(studio, request))

    def found_preview(request: FoundPreview) -> Any:
        by = actor(studio, request)
        made = studio.find.ask(parse_find(request.question), by)
        writable = [each for each in exchange.listed() if each["writes"]]
        return {
            "lost": found.lost(studio.exchange, made, request.format, by),
            "formats": [
                *({"name": name, "title": title} for name, title in found.TABLES.items()),
                *({"name": f["name"], "title": f"Segments: {f['title']} ({f['extension']})"} for f in writable),
            ],
        }

    own = (
        search, explain, search_options, search_examples, save_search, delete_search, restore_search, find,
        find_choices, save_find, found_preview,
    )  # fmt: skip
    return [*choosing.methods(studio), *rpc_methods(studio, *own)]
