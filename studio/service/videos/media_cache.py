"""What is made of a video and can be made again: pictures, sound, times of frames, a copy that browsers play."""

from pathlib import Path
from typing import Any

import numpy as np

from studio import media
from studio.config import Settings
from studio.errors import NotFound
from studio.index import Cache, FeatureStore
from studio.jobs import INDEX_FILES, PROXY, REPLACED
from studio.service.encoders import Encoders
from studio.store import Store, videos

Row = dict[str, Any]
EXACT_HEIGHT = 180  # pixels


class MediaCache:
    """Files of the cache, and of the videos behind them."""

    def __init__(self, settings: Settings, store: Store, cache: Cache, encoders: Encoders) -> None:
        self._settings, self._store, self._cache = settings, store, cache
        self._features = FeatureStore(cache)
        self._encoders = encoders

    @property
    def encoder(self) -> str:
        """The key of the library's encoder; who asks about many videos asks once."""
        return self._encoders.key()

    def _video(self, video_id: str) -> Row:
        return self._store.read(lambda db: videos.get(db, video_id))

    def is_indexed(self, row: Row, encoder: str | None = None) -> bool:
        """Whether search can see a video: it is there when its embeddings by the library's encoder are, and nothing
        else means that. `encoder` is the key of another one."""
        replaced = self._cache.has(row["id"], REPLACED)  # what is there may be about the file that was there before
        return not replaced and self._features.has(row["id"], encoder or self.encoder)

    def is_prepared(self, row: Row, encoder: str | None = None) -> bool:
        """Whether all is there that indexing makes."""
        return self.is_indexed(row, encoder) and all(self._cache.has(row["id"], name) for name in INDEX_FILES)

    def has_proxy(self, row: Row) -> bool:
        """Whether there is a copy of a video that browsers play."""
        return self._cache.has(row["id"], PROXY)

    def original(self, row: Row) -> Path:
        """The file of a video.

        Raises NotFound where it is gone, or where another file took its place: its frames are not those of the library.
        """
        file = Path(row["path"])
        if not file.is_file():
            raise NotFound(f"“{row['name']}” is no longer where it was; put it back or add it again.")
        if file.stat().st_size != row["size"]:
            raise NotFound(f"“{row['name']}” was changed on disk since it was added; add it again.")
        return file

    def playable(self, video_id: str) -> Path:
        """The file a browser should play: the video itself, or its proxy.

        Raises NotFound while there is none.
        """
        row = self._video(video_id)
        if row["browser_playable"]:
            return self.original(row)
        if not self.has_proxy(row):
            raise NotFound(
                f"“{row['name']}” is not playable in browsers, and no browser-playable copy exists yet; "
                "`studio serve` creates it."
            )
        return self._cache.path(row["id"], PROXY)

    def thumbnail(self, video_id: str, time_us: int, exact: bool = False) -> bytes:
        """A JPEG near a time: from the index when there is one, else decoded now and kept. `exact`: twice as high, of
        the frame that is displayed then, and not kept."""
        row = self._video(video_id)
        time_us = min(max(0, time_us), row["duration_us"] - 1)
        if exact:
            return media.thumbnail(row["path"], time_us, EXACT_HEIGHT)
        known = self._cache.blob_near(row["id"], "thumbnails", time_us)
        if known is not None:
            return known
        name = f"poster-{time_us // 1000}.jpg"
        if self._cache.has(row["id"], name):
            return self._cache.path(row["id"], name).read_bytes()
        data = media.thumbnail(row["path"], time_us)
        self._cache.write(row["id"], name, data)
        return data

    def array(self, video_id: str, name: str) -> np.ndarray[Any, Any] | None:
        """A derived array: "pts" (µs), "waveform" (n, 2), "shots" (µs), "spectrogram" (n, bands); None while it is not
        computed. The spectrogram is computed when it is first asked for."""
        row = self._video(video_id)
        found = self._cache.load_array(row["id"], f"{name}.npy")
        if found is None and name == "pts":  # the one thing that nothing works without
            found = np.asarray(media.probe(row["path"], self._settings.limits).pts_us, np.int64)
            self._cache.save_array(row["id"], "pts.npy", found)
        if found is None and name == "spectrogram":
            found = media.spectrogram(row["path"], limits=self._settings.limits, track=row["sound_track"])
            self._cache.save_array(row["id"], "spectrogram.npy", found)
        return found

    def frames(self, row: Row) -> list[int]:
        """When the frames of a video are displayed, µs."""
        found = self.array(row["id"], "pts")
        return [] if found is None else [int(time) for time in found]
