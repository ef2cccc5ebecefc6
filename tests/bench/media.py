"""Long videos out of short real ones, without encoding: the packets of a clip, again and again."""

import subprocess
from fractions import Fraction
from pathlib import Path

import av
import imageio_ffmpeg


def by_x264(clip: Path, target: Path) -> Path:
    """`clip` as x264 encodes by default, which is what most videos are: nobody refers to two of five frames."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-i", str(clip), "-c:v", "libx264", str(target)]
    subprocess.run(command, check=True)
    return target


def repeat(clip: Path, target: Path, seconds: float) -> Path:
    """`clip` repeated until it lasts at least `seconds`; pictures and sound as they are in the clip."""
    if target.exists():
        return target
    with av.open(str(clip)) as source, av.open(str(target), "w") as out:
        streams = {s.index: out.add_stream_from_template(s) for s in source.streams if s.type in ("video", "audio")}
        packets = [p for p in source.demux(*(source.streams[i] for i in streams)) if p.dts is not None]
        video = source.streams.video[0]
        length = Fraction(video.duration or 0) * Fraction(video.time_base or 1)
        # sound that outlasts the pictures would reach into the next turn
        packets = [p for p in packets if p.stream is video or (p.dts + (p.duration or 0)) * p.time_base <= length]
        for turn in range(int(seconds / length) + 1):
            for packet in packets:
                shift = int(turn * length / packet.time_base)
                again = av.Packet(bytes(packet))
                again.time_base, again.is_keyframe = packet.time_base, packet.is_keyframe
                again.pts = None if packet.pts is None else packet.pts + shift
                again.dts, again.duration = packet.dts + shift, packet.duration
                again.stream = streams[packet.stream.index]
                out.mux(again)
    return target
