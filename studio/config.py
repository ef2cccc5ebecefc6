"""Where things live, and every bound in one table."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from studio.errors import StoreError

MIB = 1024 * 1024
GIB = 1024 * MIB


@dataclass(frozen=True, slots=True)
class Limits:
    """Every bound of the product; all are checked from headers or counts before the work begins."""

    # a media file
    file_bytes: int = 10 * GIB
    pixels: int = 35_000_000
    side: int = 16_384
    frames_per_second: float = 240.0
    duration_s: float = 6 * 3600.0
    streams: int = 8
    # the process that opens it
    child_memory_bytes: int = 4 * GIB
    child_probe_cpu_s: int = 30
    child_open_files: int = 64
    child_silence_s: float = 60.0
    # what a browser may send
    upload_bytes: int = 10 * GIB
    spare_disk_bytes: int = 256 * MIB  # an upload leaves this much, so that edits can still be saved
    call_bytes: int = 64 * MIB
    waiting_calls: int = 100
    headers_s: float = 20.0  # until the headers of a request are whole
    call_body_s: float = 120.0  # until the body of a call is whole
    upload_silence_s: float = 60.0  # between two pieces of a file
    label_chars: int = 500
    note_chars: int = 10_000
    query_chars: int = 800
    edits_per_save: int = 5_000
    videos_at_once: int = 100_000
    detector_bytes: int = 8 * MIB  # a taught label as a file, and all that is in it
    # jobs
    queued_jobs: int = 200
    job_attempts: int = 3
    stretch_frames: int = 640  # sampled frames of a stretch of a long video, of which a cluster embeds several at once
    # imported annotation files
    import_bytes: int = 32 * MIB
    import_marks: int = 100_000
    waiting_files: int = 20  # that a browser sent and nobody imported yet


def standard_home() -> Path:
    """The platform's folder for application data."""
    return Path(platformdirs.user_data_dir("moment-studio", False))


def default_home() -> Path:
    """STUDIO_HOME, else `standard_home`."""
    named = os.environ.get("STUDIO_HOME")
    return Path(named).expanduser() if named else standard_home()


def config_folder() -> Path:
    """STUDIO_CONFIG, else the platform's folder for settings: what a person has for all libraries."""
    named = os.environ.get("STUDIO_CONFIG")
    return Path(named).expanduser() if named else Path(platformdirs.user_config_dir("moment-studio", False))


def default_cache_root() -> Path | None:
    """STUDIO_CACHE; None where it is not set."""
    named = os.environ.get("STUDIO_CACHE")
    return Path(named).expanduser() if named else None


@dataclass(frozen=True, slots=True)
class Settings:
    """One library: its folder and its bounds. Nothing else in the product knows a path."""

    home: Path = field(default_factory=default_home)
    limits: Limits = field(default_factory=Limits)
    device: str = "auto"
    vectors: str = field(default_factory=lambda: os.environ.get("STUDIO_VECTORS", ""))
    """Where a LanceDB database holds the embeddings: a folder, or an address of object storage; "" for our own file."""
    folders: tuple[Path, ...] = ()
    """Where those who log in may add videos from by their path; nobody else is bounded."""
    cache_root: Path | None = field(default_factory=default_cache_root)
    """A folder for the caches of libraries, before what a library has chosen (service/system/cache_folder.py)."""
    cache_folder: Path | None = None
    """The folder of this library's cache where it is not in its own; `cache_folder.located` finds it."""
    cluster: str = ""
    """The cluster that does this library's queued jobs: HOST:PORT of its head, or `auto`; empty: this machine alone."""

    @property
    def database(self) -> Path:
        return self.home / "studio.db"

    @property
    def uploads(self) -> Path:
        """Videos that came through the browser; everything else stays where its owner keeps it."""
        return self.home / "uploads"

    @property
    def trash(self) -> Path:
        """Uploads of videos that were removed, for as long as they can be brought back."""
        return self.home / "trash"

    @property
    def cache(self) -> Path:
        """Everything that can be rebuilt from the videos: features, thumbnails, proxies."""
        return self.cache_folder or self.home / "cache"

    @property
    def models(self) -> Path:
        """Checkpoints that a person brought."""
        return self.home / "models"

    @property
    def reports(self) -> Path:
        """What crashes left behind, for people to attach to a report of a bug."""
        return self.home / "reports"

    def ensure(self) -> "Settings":
        """Create the folders, readable by their owner only.

        Raises StoreError.
        """
        try:
            for folder in (self.home, self.uploads, *([] if self.cache_folder else [self.cache])):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"The library's folder “{self.home}” cannot be made ({error.strerror}); name another with --home."
            ) from None
        return self
