"""How fast speakers are found, what of it takes how long, and what the networks cost beside what they cost on paper."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np

from studio import media, models
from studio.assets.demo import clip_folder
from studio.config import Settings
from studio.models.speaker.checkpoints import NETWORKS, Checkpoint
from studio.tasks import TaskContext, VideoRef, find_speakers
from studio.tasks.faces import CROPS_PER_S, DETECTIONS_PER_S, face_tracks, scenes
from tests.bench.media import repeat

SECONDS = 30
# Millions of parameters, and GFLOP a second of a track (a multiply-add is two), measured on the original programs.
ON_PAPER = {"talknet": (15.7, 25.6), "light-asd": (1.02, 10.2), "lr-asd": (0.84, 8.3), "loconet": (34.3, 79.1)}


def took(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def with_sound(clip: Path, target: Path) -> Path:
    """The pictures of a clip, and a hum beside them: what is heard costs the same, whatever it is."""
    with av.open(str(clip)) as source, av.open(str(target), "w") as out:
        video = source.streams.video[0]
        pictures = out.add_stream_from_template(video)
        sound = out.add_stream("pcm_s16le", rate=16_000, layout="mono")
        for packet in source.demux(video):
            if packet.dts is not None:
                packet.stream = pictures
                out.mux(packet)
        length = float((video.duration or 0) * (video.time_base or 1))
        hum = (3000 * np.sin(np.arange(int(16_000 * length)) / 9)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(hum[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts = 16_000, 0
        out.mux(sound.encode(frame))
        out.mux(sound.encode())
    return target


def run(folder: Path) -> dict[str, object]:
    """Finding who speaks in a clip with one face, in seconds of video per second."""
    silent = repeat(clip_folder() / "carphone_pristine.mp4", folder / "silent.mp4", SECONDS)
    clip = with_sound(silent, folder / "people.mkv")
    probe = media.probe(clip)
    context = TaskContext(Settings(home=folder / "home", device="cpu").ensure())
    video = VideoRef("bench", str(clip), probe.duration_us)
    detector, speaker = context.model("face_detector"), context.model("active_speaker")
    size = detector.frame_size(probe.width, probe.height)
    length = probe.duration_us / 1e6

    pictures: list[np.ndarray] = []
    spans = {"shots": took(lambda: media.shots(clip))}
    spans["decode for detection"] = took(
        lambda: pictures.extend(f.images for f in media.sample_frames(clip, rate=DETECTIONS_PER_S, size=size, batch=8))
    )
    spans["detect"] = took(lambda: [detector.detect(batch) for batch in pictures])
    tracks = face_tracks(context, video, lambda fraction, message: None)
    found = []
    crop = models.crop_speaker
    spans["decode and crop"] = took(lambda: found.extend(scenes(context, video, tracks, rate=CROPS_PER_S, crop=crop)))
    audio = np.concatenate(list(media.audio_stream(clip, 16_000)))
    faces = [[crops for _, _, crops in scene.members] for scene in found]
    spans[f"network ({speaker.name})"] = took(lambda: [speaker.score(each, audio) for each in faces])
    context.cache.drop(video.id)
    whole = took(lambda: find_speakers(context, video))
    return {
        "video": f"{probe.width}×{probe.height}, {length:.0f} s, {len(tracks)} face tracks",
        **{f"{name} (×)": round(length / span, 1) for name, span in spans.items()},
        "whole (×)": round(length / whole, 1),
        **_networks(context, speaker),
    }


def _networks(context: TaskContext, ours: Any) -> dict[str, object]:
    """One second of one track through each network, beside its cost on paper. Their time does not depend on weights."""
    voice = context.model("voice_activity")
    track = [np.random.default_rng(0).integers(0, 255, (25, 112, 112), dtype=np.uint8)]
    audio = np.zeros(16_000, np.float32)
    out: dict[str, object] = {}
    for name, (millions, gflop) in ON_PAPER.items():
        model = Checkpoint(name, "bench", NETWORKS[name](), voice)
        model.score(track, audio)
        span = took(lambda model=model: model.score(track, audio))
        out[f"{name}: {millions} M parameters, {gflop} GFLOP a second of track (×)"] = round(1 / span, 1)
    ours.score(track, audio)
    out[f"{ours.name} (×)"] = round(1 / took(lambda: ours.score(track, audio)), 1)
    return out
