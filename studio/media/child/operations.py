"""Every request a child answers, by name."""

from collections.abc import Callable
from typing import Any

from studio.media.child import pictures, probing, sound, text, transcoding

OPERATIONS: dict[str, Callable[..., Any]] = {
    "probe": probing.probe,
    "frames": pictures.frames,
    "thumbnails": pictures.thumbnails,
    "audio": sound.audio,
    "subtitles": text.subtitles,
    "proxy": transcoding.proxy,
}
