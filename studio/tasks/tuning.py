"""The library's encoder tuned on the examples of one label, where that helps."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio import media
from studio.errors import MediaError, NotFound, UsageError
from studio.index import Features
from studio.models.detection import (
    UNKNOWN,
    LabelledVideo,
    Learned,
    Weights,
    calibrated,
    folds_of,
    learn,
    logits,
    measure,
)
from studio.models.interfaces import TunableEncoder
from studio.tasks.context import Progress, TaskContext, VideoRef
from studio.tasks.query import encoder_key

UPPER = "upper"  # the role of the tuned weights among a detector's files
FOLDS = 2  # on which it is measured: each is a training
BATCH = 16
OTHERS = 2_000  # samples of videos of which nothing is known that it is tuned beside


@dataclass(frozen=True)
class Tuning:
    """What came of it, in a sentence. Where it helped: the tuned weights as a safetensors file, the encoder that has
    them, and what was learned from what that one makes of the frames."""

    note: str
    upper: bytes = b""
    encoder: Any = None
    learned: Learned | None = None


def is_wanted(context: TaskContext, encoder: Any, asked: bool) -> bool:
    """Whether an encoder is to be tuned: where somebody asked for it, or it takes seconds.

    Raises UsageError for one that cannot be tuned.
    """
    from studio.models.detection.tuning import runs_on_gpu

    if asked and not isinstance(encoder, TunableEncoder):
        raise UsageError(f"{encoder.name} cannot be tuned here; choose studio-lite on the Models page.")
    return asked or (isinstance(encoder, TunableEncoder) and runs_on_gpu(context.settings.device))


def tune(
    context: TaskContext,
    encoder: Any,
    text: NDArray[np.float32],
    labelled: Sequence[LabelledVideo],
    videos: Mapping[str, VideoRef],
    progress: Progress,
) -> Tuning:
    """Tune a library's encoder on the videos of a label and some others, and keep it if it beats the encoder as it is
    on videos that it was not tuned on. The frames of these videos are decoded again; their new vectors are kept in the
    cache. One that cannot be read is left out, and the note says so.

    Raises Cancelled.
    """
    from studio.models.detection.tuning import as_rows  # with torch: other jobs begin sooner without it

    labelled = _some(labelled)
    folds, why = _folds(labelled)
    if not folds:
        return Tuning(why)
    lower, unread = {}, 0
    for number, video in enumerate(labelled):
        progress(0.3 * number / len(labelled), "Looking at the examples again")
        ref = videos[video.name]
        try:
            lower[video.name] = _lower(context, encoder, ref, context.features.whole(ref.id, encoder_key(encoder)))
        except (MediaError, NotFound):
            unread += 1
    labelled = [video for video in labelled if video.name in lower]
    folds, why = _folds(labelled)
    if not folds:
        return Tuning(f"{why} {left_out(unread)}".strip())
    upper = encoder.upper()

    def trained(train: Sequence[LabelledVideo], weights: Weights, done: float) -> Any:
        return _trained(context, upper, train, lower, weights, lambda part: progress(done + 0.2 * part, "Tuning"))

    def seen_by(net: Any, some: Sequence[LabelledVideo]) -> list[LabelledVideo]:
        device = next(net.parameters()).device.type
        return [replace(video, rows=as_rows(net, lower[video.name], device)) for video in some]

    before, after = [], []
    for fold, places in enumerate(folds):
        train, test = ([labelled[i] for i in each] for each in places)
        weights = learn(text, train, with_head=False).weights
        net = trained(train, weights, 0.3 + 0.2 * fold)
        before += [(weights, logits(weights, video.rows), video) for video in test]
        weights = learn(text, seen_by(net, train), with_head=False).weights
        after += [(weights, logits(weights, video.rows), video) for video in seen_by(net, test)]
    plain, tuned = measure(before, len(folds)), measure(after, len(folds))
    numbers = (
        "how well right moments come before wrong ones, in videos that it was not tuned on, is "
        f"{tuned.ap:.2f} of 1, and {plain.ap:.2f} without (average precision)"
    )
    if tuned.ap <= plain.ap:
        return Tuning(f"Tuning the encoder did not help: {numbers}. {left_out(unread)}".strip())
    net = trained(labelled, learn(text, labelled, with_head=False).weights, 0.7)
    content = _packed(net)
    better = encoder.tuned(_unpacked(content), f"{encoder.version}+{hashlib.sha256(content).hexdigest()[:8]}")
    net.layers.load_state_dict(_unpacked(content))  # as it is kept, in half precision
    seen = seen_by(net, labelled)
    for video in seen:
        _keep(context, better, video.name, context.features.whole(video.name, encoder_key(encoder)), video.rows)
    learned = learn(text, seen, with_head=False)
    learned = replace(learned, measured=tuned, weights=replace(learned.weights, calibration=calibrated(after)))
    return Tuning(f"The encoder was tuned: {numbers}. {left_out(unread)}".strip(), content, better, learned)


def _some(labelled: Sequence[LabelledVideo]) -> list[LabelledVideo]:
    """Those of which something is known, and at most OTHERS samples of the rest, the same ones each time: all of these
    are decoded, and kept in memory as the lower layers see them."""
    known = {video.name for video in labelled if (video.known != UNKNOWN).any()}
    chosen, left = set(known), OTHERS
    for video in sorted(labelled, key=lambda video: hashlib.sha256(video.name.encode()).digest()):
        if video.name not in known and len(video.known) <= left:
            chosen.add(video.name)
            left -= len(video.known)
    return [video for video in labelled if video.name in chosen]


def _folds(labelled: Sequence[LabelledVideo]) -> tuple[list[tuple[list[int], list[int]]], str]:
    """Where it is tuned and where measured, or else why it is not."""
    from studio.models.detection.tuning import is_usable

    folds = folds_of(labelled, most=FOLDS)
    if not folds:
        return [], "The encoder was not tuned: that needs the label in two videos."
    folds = [fold for fold in folds if any(is_usable(labelled[i].known) for i in fold[0])]
    return folds, "The encoder was not tuned: no video shows both what the label is and what it is not."


def left_out(count: int) -> str:
    """A sentence about videos that could not be read; empty where there are none."""
    return f"Left out: {count} {'video' if count == 1 else 'videos'} that could not be read." if count else ""


def embed(context: TaskContext, encoder: Any, better: Any, videos: Sequence[VideoRef], progress: Progress) -> int:
    """Keep what a tuned encoder makes of the frames of those videos that are indexed with the one it was made of, where
    that is not there yet; returns how many could not be read. Raises Cancelled."""
    unread = 0
    for number, video in enumerate(videos):
        known = context.features.whole(video.id, encoder_key(encoder))
        if known is None or context.features.has(video.id, encoder_key(better)):
            continue
        progress(number / len(videos), "Looking at the library with the tuned encoder")
        try:
            parts = [better.encode_frames(images) for images in _frames(context, better, video, known)]
        except (MediaError, NotFound):
            unread += 1
            continue
        _keep(context, better, video.id, known, np.concatenate(parts))
    return unread


def encoder_of(encoder: Any, key: str, content: bytes) -> Any:
    """The encoder with tuned weights whose vectors have this key.

    Raises UsageError where it was made of another encoder than the library has now.
    """
    base, _, mark = key.rpartition("+")
    if base != encoder_key(encoder) or not isinstance(encoder, TunableEncoder):
        raise UsageError(f"This label was taught with {base}, tuned; choose that encoder on the Models page.")
    return encoder.tuned(_unpacked(content), f"{encoder.version}+{mark}")


def _trained(
    context: TaskContext,
    upper: Any,
    videos: Sequence[LabelledVideo],
    lower: Mapping[str, Any],
    weights: Weights,
    progress: Callable[[float], None],
) -> Any:
    from studio.models.detection.tuning import TunedVideo, tuned

    examples = [TunedVideo(lower[video.name], video.known) for video in videos]
    return tuned(upper, examples, weights, device=context.settings.device, progress=progress)


def _lower(context: TaskContext, encoder: Any, video: VideoRef, known: Features | None) -> Any:
    import torch

    assert known is not None, "it is labelled by its features"
    parts = [encoder.lower(images) for images in _frames(context, encoder, video, known)]
    return torch.cat(parts)


def _frames(context: TaskContext, encoder: Any, video: VideoRef, known: Features) -> Iterator[NDArray[np.uint8]]:
    """The frames whose vectors are known; a file that breaks off repeats its last one. Raises MediaError."""
    count, last = 0, None
    with media.sample_frames(video.path, times_us=known.times_us, size=encoder.frame_size, batch=BATCH) as stream:
        for frames in stream:
            count, last = count + len(frames.images), frames.images[-1:]
            yield frames.images
    if last is None:
        raise MediaError(f"{video.path} shows no frame.")
    if count < len(known.times_us):
        yield np.repeat(last, len(known.times_us) - count, axis=0)


def _keep(context: TaskContext, encoder: Any, video: str, known: Features | None, rows: NDArray[np.float32]) -> None:
    assert known is not None
    context.features.put(video, encoder_key(encoder), Features(known.times_us, rows.astype(np.float16)))


def _packed(net: Any) -> bytes:
    import safetensors.torch

    made: bytes = safetensors.torch.save({k: v.half().cpu().contiguous() for k, v in net.layers.state_dict().items()})
    return made


def _unpacked(content: bytes) -> dict[str, Any]:
    import safetensors.torch

    return {key: value.float() for key, value in safetensors.torch.load(content).items()}
