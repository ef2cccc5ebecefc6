"""Long videos embedded in stretches by several workers at once, and joined to what one machine would have made.

Only embeddings are: each sampled frame is embedded by itself, and batches are those of the whole video. What is said,
who speaks, and where shots begin depends on what came before, so those jobs are done as a whole.
"""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from studio import tasks
from studio.config import Settings
from studio.errors import Cancelled, StudioError
from studio.index import Cache, FeatureStore
from studio.jobs.cluster.files import STRETCH
from studio.jobs.handlers import read_stretch, video_of
from studio.jobs.result import LIBRARY_ENCODER, REPLACED, JobMonitor, JobResult
from studio.platform import files

Embed = Callable[[Mapping[str, Any], Mapping[str, Any], JobMonitor], JobResult]
"""Has a worker do one of the `parts` of `handlers.embed_stretches`, with the parameters that say the encoder."""


class NotTheSame(Exception):
    """The stretches of a video cannot be joined to what the whole would be, as where a part of it is damaged."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The stretches of a video: the names of the files that keep them → samples [first, last). `encoder` has the
    parameters that say which one it is."""

    video: str
    encoder: Mapping[str, Any]
    stretches: Mapping[str, tuple[int, int]]


def plan(settings: Settings, cache: Cache, params: Mapping[str, Any], always: bool) -> Plan | None:
    """How a job is split; None where it is done as a whole: it has nothing to embed, or not much. With `always` what is
    not much is a single stretch, which can be embedded together with others."""
    if "trial" in params:
        return None
    video = video_of(dict(params))
    if not video.pictures:
        return None
    if cache.has(video.id, REPLACED):  # as the handlers do; see `handlers._without_stale_files`
        cache.drop(video.id)
    encoder = params.get("encoder") or params.get(LIBRARY_ENCODER)
    try:
        spans = tasks.stretches_of(settings, video)
    except StudioError:  # the job itself says what is wrong
        return None
    if (len(spans) < 2 and not always) or tasks.is_indexed(settings, cache, video.id, encoder):
        return None
    version = f"{STRETCH}{_plain(encoder or '')}-{str(params['video'].get('sha256', ''))[:8]}"
    # also which one the library has, so that a worker does not take it for another and forget it
    said = {"encoder": encoder, **({LIBRARY_ENCODER: params[LIBRARY_ENCODER]} if LIBRARY_ENCODER in params else {})}
    return Plan(video.id, said, {f"{version}-{first}-{last}.npz": (first, last) for first, last in spans})


def _plain(key: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in key)


def run(plan: Plan, cache: Cache, params: Mapping[str, Any], monitor: JobMonitor, embed: Embed) -> None:
    """Have all stretches embedded and joined, after which the job finds the video's embeddings made. Those that an
    earlier try made are not made again. Raises NotTheSame, and what `embed` raises."""
    fractions = dict.fromkeys(plan.stretches, 0.0)
    stop = threading.Event()

    def make(file: str) -> None:
        first, last = plan.stretches[file]

        def progress(fraction: float, message: str) -> None:
            fractions[file] = fraction
            how = f" ({len(fractions)} stretches side by side)" if len(fractions) > 1 else ""
            monitor.progress(0.8 * sum(fractions.values()) / len(fractions), message + how)

        part = {"video": params["video"], "first": first, "last": last, "file": file, "key_frames": first == 0}
        watch = JobMonitor(progress, cancelled=lambda: stop.is_set() or monitor.cancelled())
        if not cache.has(plan.video, file):
            try:
                failed = embed(part, plan.encoder, watch).data["failed"]
                if file in failed:
                    raise NotTheSame  # the job as a whole says why
            except BaseException:
                stop.set()  # the others are in vain
                raise
        progress(1.0, "Indexing")

    with ThreadPoolExecutor(len(plan.stretches), "stretch") as threads:
        parts = [threads.submit(make, file) for file in plan.stretches]
    errors = [error for part in parts if (error := part.exception()) is not None]
    if errors:  # the first that failed had the others cancelled, which says nothing of why
        raise min(errors, key=lambda error: (not isinstance(error, NotTheSame), isinstance(error, Cancelled)))
    _join(plan, cache)


def _join(plan: Plan, cache: Cache) -> None:
    found = [read_stretch(cache, plan.video, file) for file in plan.stretches]
    whole = [each for each in found if each is not None]
    keys, parts = {key for key, _ in whole}, [part for _, part in whole]
    same = len(whole) == len(found) and len(keys) == 1
    same = same and (len(parts) == 1 or not any(part.damaged for part in parts))
    if same:
        tasks.join_stretches(FeatureStore(cache), plan.video, keys.pop(), parts)
    for old in cache.folder(plan.video).glob(f"{STRETCH}*"):
        files.remove(old)
    if not same:
        raise NotTheSame
