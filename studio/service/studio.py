"""One library: its database, its cache, and the services that are all one can do with it."""

import threading
from collections.abc import Callable

from studio import media
from studio.atomic_files import remove_stale
from studio.config import Settings
from studio.index import Cache, FeatureStore
from studio.jobs import Dispatcher, ExecutionBackend, InlineBackend, ProcessBackend
from studio.service.accounts.annotator_stats import AnnotatorStats
from studio.service.accounts.presence import Presence
from studio.service.accounts.rights import TRASH_DAYS
from studio.service.accounts.users import Users
from studio.service.detectors import Detectors
from studio.service.encoders import EMBED, Encoders
from studio.service.exchange.dataset import Datasets
from studio.service.exchange.dataset_downloads import DatasetDownloads
from studio.service.exchange.exchange import Exchange
from studio.service.find import Find
from studio.service.jobs.findings import KnownFindings
from studio.service.jobs.jobs import PREPARES, Jobs
from studio.service.jobs.library_backend import LibraryBackend
from studio.service.jobs.work import Work, cores
from studio.service.library_map import MapOfLibrary
from studio.service.model_downloads import ModelDownloads
from studio.service.people.transcripts import Transcripts
from studio.service.search import Search
from studio.service.system.cache_folder import located
from studio.service.system.libraries import Libraries
from studio.service.system.moving import check_here
from studio.service.system.storage import Storage
from studio.service.teaching import Teaching
from studio.service.timelines.boxes import Boxes
from studio.service.timelines.label_schema import LabelSchema
from studio.service.timelines.layers import Layers
from studio.service.timelines.review import Review
from studio.service.timelines.review_desk import ReviewDesk
from studio.service.timelines.selection import Selections
from studio.service.timelines.timeline_media import TimelineMedia
from studio.service.timelines.timelines import Timelines
from studio.service.timelines.traces import Traces
from studio.service.videos.file_check import FileCheck
from studio.service.videos.intake import Intake
from studio.service.videos.media_cache import MediaCache
from studio.service.videos.video_list import VideoList
from studio.service.videos.videos import Videos
from studio.store import Store, videos


class Studio:
    """One library.

    With `background` (the app) long work is queued and done by child processes, or by the cluster that the settings
    name; without (the command line) it is done at once by `backend`, by default right here. Close it when done.
    Raises StoreError; UsageError where a cluster cannot be used.
    """

    def __init__(
        self, settings: Settings | None = None, *, background: bool = False, backend: ExecutionBackend | None = None
    ) -> None:
        self.settings = (settings or Settings()).ensure()
        check_here(self.settings)
        cluster = _cluster(self.settings) if background and self.settings.cluster else None  # before anything is opened
        limits = self.settings.limits
        self.store = Store(self.settings.database)
        try:
            check_here(self.settings)  # it may have been moved while its database was waited for
            self.settings = located(self.settings, self.store)
        except BaseException:
            self.store.close()
            raise
        self.cache = Cache(self.settings.cache)
        self.encoders = Encoders(self.store, self.settings, FeatureStore(self.cache))
        # answers at once: a search does not wait behind an hour of indexing
        self._interactive = LibraryBackend(
            backend
            or (ProcessBackend(self.settings, "worker-interactive") if background else InlineBackend(self.settings)),
            self.encoders.chosen,
            before=(findings := KnownFindings(self.store, self.cache)).keep,
        )
        self.users = Users(self.store)
        self.presence = Presence()
        self.annotator_stats = AnnotatorStats(self.store)
        self.storage = Storage(self.store, self.settings, self.cache, self.encoders)
        self.media = MediaCache(self.settings, self.store, self.cache, self.encoders)
        self.jobs = Jobs(self.store, self.settings, self.media, self._interactive)
        self.check = FileCheck(self.store, self.media, self.jobs)
        self.jobs.prepared = self.check.look_at
        self.videos = Videos(self.store, self.settings, self.cache, self.media, self.jobs, self.users, self.check)
        self.intake = Intake(self.store, self.settings, self.videos, self.jobs)
        self.video_list = VideoList(self.store, self.check, self.videos, self.jobs)
        self.search = Search(self.store, self._interactive)
        self.find = Find(self.store)
        self.labels = LabelSchema(self.store, self.settings)
        self.timeline_media = TimelineMedia(self.store, self.settings, self.media, self.jobs)
        self.timelines = Timelines(self.store, self.settings, self.media, self.jobs, self.timeline_media)
        self.traces = Traces(self.store)
        self.boxes = Boxes(self.store, self.jobs, self.media, limits)
        self.review = Review(self.store)
        self.selections = Selections(self.store, limits)
        self.teaching = Teaching(self.store, self.settings, self._interactive, self.jobs)
        self.desk = ReviewDesk(self.store, self.cache, self._interactive, self.presence.has_left)
        self.detectors = Detectors(self.settings, FeatureStore(self.cache))
        self.map = MapOfLibrary(self.store, self.cache, self.media, self.jobs, self._interactive)
        self.layers = Layers(self.store)
        self.transcripts = Transcripts(self.store, limits)
        self.exchange = Exchange(self.store, self.settings, self.media)
        self.datasets = Datasets(self.store, self.settings, self.videos, self.exchange, self.search, self.find)
        self.dataset_downloads = DatasetDownloads(self.settings, self.datasets)
        self.libraries = Libraries(self.store, self.settings, Studio)
        self.model_downloads = ModelDownloads(self.settings)
        self.work = Work(self.store, self.settings, self.jobs, self.model_downloads, self.dataset_downloads)
        starts = self.store.read(videos.starts)
        for path, start_us in starts:
            media.keep_start(path, start_us)
        self._is_ready = not background
        if starts:
            self._get_ready()
        if background and not self.store.read_only:
            inner = cluster(self.settings) if cluster else ProcessBackend(self.settings, "worker-jobs")
            self._start_background_work(inner, findings)

    def _start_background_work(self, inner: ExecutionBackend, findings: KnownFindings) -> None:
        self.videos.trash.empty(TRASH_DAYS)
        remove_stale(self.settings.uploads)
        self.dataset_downloads.tidy()
        backend = LibraryBackend(inner, self.encoders.chosen, lambda: self.store.read(cores), findings.keep)
        self.jobs.dispatcher = Dispatcher(
            self.store, backend, self.settings.limits.job_attempts, self.videos.tidy, done=self._job_done
        )
        if self.settings.cluster:
            backend.start()  # how it is can be seen before there is work
        self.check.start(first=self.videos.tidy)
        self.intake.start()
        self.encoders.queue()
        self.encoders.advance()
        self.storage.start()

    def _get_ready(self) -> None:
        """Start what answers searches, once there is something to search: it takes half a gigabyte."""
        if not self._is_ready:
            self._is_ready = True
            threading.Thread(target=self._interactive.start, daemon=True).start()

    def _job_done(self, kind: str, video_id: str) -> None:
        self._get_ready()
        if kind in PREPARES:
            self.check.look_at(video_id)
        if kind == EMBED:
            self.encoders.advance()
        elif kind == "index" and self.encoders.queue(video_id=video_id):  # a video that came while the encoder changes
            self.jobs.wake()

    def close(self) -> None:
        """Finish what runs, and close the database."""
        self.intake.close()
        self.check.close()
        self.storage.close()
        self.model_downloads.close()
        self.dataset_downloads.close()
        self.jobs.close()
        self._interactive.close()
        self.store.close()


def _cluster(settings: Settings) -> Callable[[Settings], ExecutionBackend]:
    """What makes a backend of the cluster that the settings name, once it is known where the cache is. Raises
    UsageError where it cannot be used."""
    from studio.jobs.cluster import RayBackend, check_installed, read_cluster_settings  # nobody else loads it

    check_installed()
    cluster = read_cluster_settings(settings)
    return lambda located: RayBackend(located, cluster)
