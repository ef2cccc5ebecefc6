"""For the pages on which a video is chosen by a part of its name."""

from typing import Any

from studio.app.rpc.method import Method, rpc_methods
from studio.app.rpc.requests import ChooseVideos
from studio.service import Studio


def methods(studio: Studio) -> list[Method]:
    def choose_videos(request: ChooseVideos) -> Any:
        rows, total = studio.timeline_media.choices(request.name, request.beside, request.without, request.ids)
        return {"videos": rows, "total": total}

    return rpc_methods(studio, choose_videos)
