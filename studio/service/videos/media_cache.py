"""What is made of a video and can be made again: pictures, sound, times of frames, a copy that browsers play."""

from pathlib import Path
from typing import Any

import numpy as np

from studio import media
from studio.config import Settings
from studio.errors import NotFound, UsageError
from studio.index import CLEANED, Cache, FeatureStore
from studio.jobs import INDEX_FILES, PROXY, REPLACED, SOUND_INDEX_FILES, SOUND_PICTURE, WAVEFORM_PER_S
from studio.media.audio import SOUND_COLUMNS_A_SECOND
from studio.platform import files as disk
from studio.service.encoders import Encoders
from studio.store import Store, videos
from studio.timeline import MICROS

Row = dict[str, Any]
EXACT_HEIGHT = 180  # pixels
OUTLINE_US = 10 * MICROS  # how much of a recording of sound alone is drawn around a time
TILE, LEVELS, MOST_TILES = 512, (-3, 16), 1 << 16  # rows of a tile; how fine tiles may be; 6 hours have fewer
LOUD_OF = 5_000  # rows that are looked at to say how loud a recording is


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
        else means that. `encoder` is the key of another one. A recording of sound alone, which is only found by what is
        said in it, is there when its sound is drawn."""
        replaced = self._cache.has(row["id"], REPLACED)  # what is there may be about the file that was there before
        if not videos.has_pictures(row):
            return not replaced and self._cache.has(row["id"], SOUND_PICTURE)
        return not replaced and self._features.has(row["id"], encoder or self.encoder)

    def is_prepared(self, row: Row, encoder: str | None = None) -> bool:
        """Whether all is there that indexing makes."""
        names = INDEX_FILES if videos.has_pictures(row) else SOUND_INDEX_FILES
        return self.is_indexed(row, encoder) and all(self._cache.has(row["id"], name) for name in names)

    def was_cleaned(self, row: Row) -> bool:
        """Whether something of a video was removed to make room, and nobody wanted it since."""
        return self._cache.has(row["id"], CLEANED)

    def use(self, video_id: str) -> None:
        """Note that somebody works with a video, so that what is kept about it stays longer than that of others."""
        self._cache.use(video_id)

    def forget_cleaning(self, row: Row) -> None:
        """What was removed of a video is wanted again."""
        disk.remove(self._cache.path(row["id"], CLEANED))

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

    def thumbnail(self, video_id: str, time_us: int | None, exact: bool = False) -> bytes:
        """A JPEG near a time (None: the first frame): from the index when there is one, else decoded now and kept.
        `exact`: twice as high, of the frame that is displayed then, and not kept. Of sound alone a PNG of the waveform
        around that time (None: of all of it).

        Raises NotFound while the sound is not drawn yet.
        """
        row = self._video(video_id)
        if not videos.has_pictures(row):
            return self._outline(row, time_us)
        time_us = time_us or 0
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

    def _outline(self, row: Row, time_us: int | None) -> bytes:
        outline = self._cache.load_array(row["id"], "waveform.npy")
        if outline is None:
            raise NotFound(f"The sound of “{row['name']}” is not drawn yet.")
        if time_us is not None:
            first = max(0, round((time_us - OUTLINE_US // 2) / MICROS * WAVEFORM_PER_S))
            outline = outline[first : first + OUTLINE_US // MICROS * WAVEFORM_PER_S]
        return media.waveform_picture(outline)

    def sound_tile(self, video_id: str, level: int, number: int) -> tuple[int, np.ndarray[Any, Any]] | None:
        """A tile of `media.sound_picture`: how loud its loud parts are (a level), and at most TILE of its rows, from
        row `number` × TILE on, each of 2 ** `level` rows as they are cached; of a negative level finer ones. None while
        there is none.

        Raises UsageError, NotFound, MediaError.
        """
        row = self._video(video_id)
        if not LEVELS[0] <= level <= LEVELS[1] or not 0 <= number < MOST_TILES:
            raise UsageError(f"A tile has a level from {LEVELS[0]} to {LEVELS[1]} and a number from 0.")
        whole = self._cache.load_array(row["id"], SOUND_PICTURE)
        if whole is None:
            return None
        sample = whole[:: max(1, len(whole) // LOUD_OF), 2:].max(axis=1, initial=0)
        loud = int(np.percentile(sample, 99)) if len(sample) else 0
        if level < 0:
            return loud, self._fine(row, TILE * number, 1 << -level)
        step = 1 << level
        part = whole[number * TILE * step : (number + 1) * TILE * step]
        if level == 0 or not len(part):
            return loud, np.asarray(part)
        return loud, np.stack([_joined(part[start : start + step]) for start in range(0, len(part), step)])

    def _fine(self, row: Row, first: int, finer: int) -> np.ndarray[Any, Any]:
        """Rows that are `finer` than what is cached, from one on: computed now, of the copy that browsers play where
        there is one, since any time is found at once in it."""
        rate = SOUND_COLUMNS_A_SECOND * finer
        start_us = first * MICROS // rate
        end_us = min(row["duration_us"], start_us + TILE * MICROS // rate)
        if start_us >= end_us:
            return np.zeros((0, 2), np.uint8)
        copied = not row["browser_playable"] and self.has_proxy(row)
        file = self._cache.path(row["id"], PROXY) if copied else self.original(row)
        return media.sound_picture(
            file, rate, self._settings.limits, start_us=start_us, end_us=end_us,
            track=None if copied else row["sound_track"],
        )  # fmt: skip

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


_POWER = 10 ** (8 * (np.arange(256) / 255 - 1)).astype(np.float32)  # of a level, whose 255 steps are 80 dB


def _joined(rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """One row for several of a sound picture: the lowest and the highest sample, and the mean power of each band."""
    levels = np.round(255 * (1 + np.log10(_POWER[rows[:, 2:]].mean(axis=0)) / 8))
    return np.concatenate([[rows[:, 0].min(), rows[:, 1].max()], levels]).astype(np.uint8)
