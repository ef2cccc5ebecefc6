"""What a picture costs in each number format and memory layout, and what fewer patches or three levels cost."""

import importlib.util
import io
import shutil
import time
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from open_clip.transform import image_transform
from PIL import Image
from safetensors.torch import load, save_file
from torch import nn

from studio import media, models
from studio.assets.demo import clip_folder
from studio.models import registry
from studio.models._threads import use_threads
from studio.models.text_video import multilevel
from studio.models.text_video.image_tower import GRID, ImageTower
from studio.models.text_video.pixels import Preprocess

VIT, CONV = "ViT-B-32-quickgelu", "RN50"
FRAMES, SEGMENTS, TOKENS = 12, 3, 49


def best(work: Callable[[], object], times: int = 5) -> float:
    """The least processor time of a few runs, in seconds: with one thread, other programs do not count."""
    spans = []
    for _ in range(times):
        start = time.process_time()
        work()
        spans.append(time.process_time() - start)
    return min(spans)


def run(folder: Path) -> dict[str, object]:
    """Processor time of one thread. open_clip has random weights: cosines compare ways, not quality; low is fast."""
    torch.manual_seed(0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # several wait for each other as soon as another program wants a core
    try:
        return _measure(folder)
    finally:
        torch.set_num_threads(threads)


def _measure(folder: Path) -> dict[str, object]:
    clip = clip_folder() / "bigbuckbunny.mp4"
    batches = media.sample_frames(clip, rate=4.0, size=lambda w, h: (1280, 720), batch=FRAMES)
    frames = next(iter(batches)).images[:FRAMES]
    return {
        "pictures": f"{len(frames)} frames of 1280×720",
        **_pixels(frames),
        **_formats(VIT),
        **_formats(CONV),
        **_segments(folder, frames),
        **_lite(frames),
        **_levels(),
    }


def _pixels(frames: np.ndarray) -> dict[str, object]:
    mean, std = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
    theirs = image_transform(224, is_train=False, mean=mean, std=std)
    ours = Preprocess(224, mean, std)
    one_by_one = best(lambda: [theirs(Image.fromarray(frame)) for frame in frames])
    at_once = best(lambda: ours(torch.from_numpy(frames)))
    return {
        "preprocessing 720p by PIL, as open_clip does (ms a picture)": round(1e3 * one_by_one / len(frames), 1),
        "preprocessing on tensors : by PIL": round(at_once / one_by_one, 2),
    }


def _formats(name: str) -> dict[str, object]:
    """The image tower alone: weights cast, autocast, channels last."""
    net: Any = open_clip.create_model(name, pretrained=None).visual.eval()
    x = torch.randn(8, 3, 224, 224)
    last = torch.channels_last

    def seconds(work: Callable[[], torch.Tensor]) -> tuple[float, torch.Tensor]:
        with torch.inference_mode():
            return best(work), work().float()

    def auto() -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            out: torch.Tensor = net(x)
            return out

    plain, expected = seconds(lambda: net(x))
    rows: dict[str, object] = {f"{name}, fp32 (ms a picture)": round(1e3 * plain / len(x), 1)}
    nets = {"fp32, channels last": deepcopy(net).to(memory_format=last)}
    nets |= {
        f"{kind} weights": deepcopy(net).to(getattr(torch, kind), memory_format=last)
        for kind in ("float16", "bfloat16")
    }
    for label, cast in nets.items():
        dtype = next(cast.parameters()).dtype
        span, found = seconds(lambda cast=cast, dtype=dtype: cast(x.to(dtype=dtype, memory_format=last)))
        near = float(torch.cosine_similarity(found, expected).min())
        rows[f"{name}, {label} : fp32 (least cosine)"] = f"{span / plain:.2f} ({near:.5f})"
    span, found = seconds(auto)
    near = float(torch.cosine_similarity(found, expected).min())
    rows[f"{name}, bfloat16 autocast : fp32 (least cosine)"] = f"{span / plain:.2f} ({near:.5f})"
    if shutil.which("g++"):  # what the compiler of torch needs
        began = time.perf_counter()
        compiled = torch.compile(deepcopy(net))
        with torch.inference_mode():
            compiled(x)
        took = time.perf_counter() - began
        span, found = seconds(lambda: compiled(x))
        near = float(torch.cosine_similarity(found, expected).min())
        rows[f"{name}, compiled in {took:.0f} s : fp32 (least cosine)"] = f"{span / plain:.2f} ({near:.5f})"
    return rows


def _segments(folder: Path, frames: np.ndarray) -> dict[str, object]:
    net = open_clip.create_model(VIT, pretrained=None)
    file = folder / "vit.safetensors"
    save_file({k: v.contiguous() for k, v in net.state_dict().items()}, file)
    encoder: Any = models.load("text_video", f"{VIT}/{file}", device="cpu")
    expected = encoder.encode_frames(frames).mean(0)
    plain = best(lambda: encoder.encode_frames(frames))
    rows: dict[str, object] = {f"{FRAMES} frames of a video, {VIT} (ms)": round(1e3 * plain)}
    for method in ("k-medoids", "spectral"):
        found = encoder.encode_video(frames, SEGMENTS, TOKENS, method)[0].mean(0)
        near = float(found @ expected / np.linalg.norm(found) / np.linalg.norm(expected))
        span = best(lambda method=method: encoder.encode_video(frames, SEGMENTS, TOKENS, method))
        label = f"{SEGMENTS} segments of {TOKENS} {method} tokens : all patches (cosine of the videos)"
        rows[label] = f"{span / plain:.2f} ({near:.4f})"
    return rows


def _lite(frames: np.ndarray) -> dict[str, object]:
    """With OpenVINO where it is installed, which nothing else here needs."""
    encoder: Any = models.load("text_video", device="cpu")
    small = next(iter(media.sample_frames(
        clip_folder() / "bigbuckbunny.mp4", rate=4.0, size=encoder.frame_size, batch=FRAMES
    ))).images  # fmt: skip
    card = models.card("text_video")
    weights = torch.load(io.BytesIO(registry.read(card, "image")), weights_only=True)
    tuned = {name: value.float() for name, value in load(registry.read(card, "tower")).items()}
    use_threads(1)  # also those of ONNX Runtime
    plain = ImageTower(weights, "cpu", torch.float32, tuned)
    quick = ImageTower(weights, "cpu", torch.float32, tuned, registry.read(card, "graph"))
    use_threads(0)
    pixels = torch.from_numpy(small)
    ways: dict[str, Callable[[], Any]] = {
        "ONNX Runtime": lambda: quick.regions(pixels),
        "torch, bfloat16 weights": partial(ImageTower(weights, "cpu", torch.bfloat16, tuned).regions, pixels),
        **_openvino(plain, pixels),
    }
    with torch.inference_mode():
        expected = plain.regions(pixels).mean(1)
        alone = best(lambda: plain.regions(pixels))
        rows: dict[str, object] = {"studio-lite, torch, fp32 (ms a picture)": round(1e3 * alone / len(small), 1)}
        for name, way in ways.items():
            near = float(torch.cosine_similarity(torch.as_tensor(way()).float().mean(1), expected).min())
            rows[f"studio-lite, {name} : torch, fp32 (least cosine)"] = f"{best(way) / alone:.2f} ({near:.5f})"
    return rows | {
        "studio-lite here (ms a picture)": round(1e3 * best(lambda: encoder.encode_frames(small)) / len(small), 1),
        "studio-lite here, one query (ms)": round(1e3 * best(lambda: encoder.encode_text(["a dog on the beach"])), 1),
    }


def _openvino(tower: ImageTower, pixels: torch.Tensor) -> dict[str, Callable[[], Any]]:
    if not importlib.util.find_spec("openvino"):
        return {}
    import openvino

    x = tower._pixels(pixels).contiguous()
    net = nn.Sequential(tower._net, nn.AdaptiveAvgPool2d(GRID), nn.Flatten(2)).eval()
    model = openvino.convert_model(net, example_input=x[:1])

    def way(precision: str) -> Callable[[], Any]:
        options = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": precision}
        compiled = openvino.compile_model(model, "CPU", options)
        return lambda: torch.from_numpy(compiled([tower._pixels(pixels).contiguous().numpy()])[0]).transpose(1, 2)

    return {"OpenVINO, fp32": way("f32"), "OpenVINO, bfloat16": way("bf16")}


def _levels() -> dict[str, object]:
    rng = np.random.default_rng(0)

    def unit(*shape: int) -> np.ndarray:
        x = rng.standard_normal(shape, dtype=np.float32)
        return x / np.linalg.norm(x, axis=-1, keepdims=True)

    query = multilevel.MultiLevelQuery(unit(512), unit(8, 512))
    videos = [multilevel.MultiLevelVideo(unit(60, 512), unit(60, 9, 512)) for _ in range(100)]
    frames_only = [multilevel.MultiLevelVideo(video.frames) for video in videos]
    return {
        "two levels, 100 videos of 60 frames (ms)": round(
            1e3 * best(lambda: multilevel.multilevel_scores(query, frames_only)), 1
        ),
        "three levels, with 9 patches a frame and 8 words (ms)": round(
            1e3 * best(lambda: multilevel.multilevel_scores(query, videos)), 1
        ),
    }
