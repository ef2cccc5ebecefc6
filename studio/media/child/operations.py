"""Every request a child answers, by name, and how its failures become sentences."""

import io
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from studio.config import Limits
from studio.errors import StudioError
from studio.media import policy, wire
from studio.media.child import decord_frames, pictures, probing, sound, still, text, transcoding
from studio.media.child.responder import Responder
from studio.platform import system

OPERATIONS: dict[str, Callable[..., Any]] = {
    "probe": probing.probe,
    "frames": pictures.frames,
    "thumbnails": pictures.thumbnails,
    "audio": sound.audio,
    "subtitles": text.subtitles,
    "proxy": transcoding.proxy,
    "sound_copy": transcoding.sound_copy,
    "still": still.still,
}


def answer(pipe: io.FileIO, head: wire.Head, body: bytearray) -> None:
    """Take on the request's limits, carry it out, and end with `end` or `error`."""
    limits = Limits(**head["limits"])
    operation = OPERATIONS[head["operation"]]
    system.limit(
        memory_bytes=limits.child_memory_bytes,
        open_files=limits.child_open_files,
        written_bytes=2 * limits.file_bytes if "target" in head["arguments"] else 0,
        cpu_s=limits.child_probe_cpu_s,
    )
    responder = Responder(pipe, limits)
    path = head["path"]
    try:
        if head["arguments"].get("backend") == "decord" and not decord_frames.installed():
            head["arguments"]["backend"] = "pyav"
        system.see_only(path, head["arguments"].get("target"), _packages())
        operation(responder, path, limits, body, **head["arguments"])
        responder.send({"kind": "end"})
    except BrokenPipeError:
        return
    except StudioError as error:
        responder.send(_failure(error))
    except MemoryError:
        responder.send(_failure(policy.refuse_broken(path, "its pictures need more memory than is allowed")))
    except Exception:  # a hostile file may lead anywhere; the trace tells a fault of ours from a fault of the file
        responder.send(_failure(policy.refuse_broken(path)))
    responder.finish()


def _packages() -> list[str]:
    """The folders of what Python, numpy and PyAV still import of themselves."""
    return [str(Path(str(sys.modules[name].__file__)).parent) for name in ("os", "numpy", "av")]


def _failure(error: StudioError) -> wire.Head:
    """An error as a message; the trace is for a log, never for a person."""
    trace = traceback.format_exc(limit=-8)
    return {"kind": "error", "type": type(error).__name__, "message": error.message, "trace": trace}
