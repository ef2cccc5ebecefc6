"""The only package that opens media files; each is opened in a sandboxed child process of its own.

Times are integer µs from the first displayed frame (or from sound that precedes it), half-open. Every error is a
`MediaError` (or `NotFound`, `UsageError`) whose one sentence names the file and the cure.
"""

from studio.media.audio import audio_stream, sound_picture, spectrogram, waveform
from studio.media.frames import FrameStream, can_start_anywhere, frame_at, sample_frames, sample_times
from studio.media.model import AudioTrack, Frames, Probe, Track, frame_index, frame_time
from studio.media.pictures import still, thumbnail, thumbnails
from studio.media.probe import keep_start, probe
from studio.media.proxy import make_clip, make_proxy
from studio.media.shots import shots
from studio.media.subtitles import SubtitleFile, subtitle_files, subtitles
from studio.media.waveform_picture import waveform_picture

__all__ = [
    "AudioTrack",
    "FrameStream",
    "Frames",
    "Probe",
    "SubtitleFile",
    "Track",
    "audio_stream",
    "can_start_anywhere",
    "frame_at",
    "frame_index",
    "frame_time",
    "keep_start",
    "make_clip",
    "make_proxy",
    "probe",
    "sample_frames",
    "sample_times",
    "shots",
    "sound_picture",
    "spectrogram",
    "still",
    "subtitle_files",
    "subtitles",
    "thumbnail",
    "thumbnails",
    "waveform",
    "waveform_picture",
]
