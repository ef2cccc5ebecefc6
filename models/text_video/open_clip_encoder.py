"""Any open_clip model as a text–video encoder (Radford et al. 2021; Ilharco et al. 2021)."""

import hashlib
import logging
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from studio.models._checkpoint import check, tensors_of
from studio.models._torch import with_smaller_batches
from studio.models._validation import as_frames, as_texts
from studio.models.architectures import architecture
from studio.models.card import ModelCard, ModelError
from studio.models.text_video import precision
from studio.models.text_video.clustered_vit import SegmentEncoder
from studio.models.text_video.pixels import Preprocess
from studio.models.text_video.token_clustering import Method

Floats = npt.NDArray[np.float32]
Tokenize = Callable[[list[str]], torch.Tensor]


class OpenClipEncoder:
    """`name` is MODEL/PRETRAINED, where PRETRAINED is a tag of the hub or the path of a checkpoint on this machine.

    A checkpoint is safetensors, or .pt read with weights_only. One of OpenAI's weights needs a MODEL that ends in
    -quickgelu: a file does not say which activation it was trained with. Raises ModelError naming the cure.

    On CUDA it runs in autocast. On a CPU the image tower's weights are cast where that was measured to be faster and
    to say the same. It is never compiled: on a CPU that gains nothing for a vision transformer and costs half a
    minute.
    """

    def __init__(self, name: str, device: str) -> None:
        import open_clip

        model, _, pretrained = name.partition("/")
        if model not in open_clip.list_models():
            raise ModelError(f"open_clip knows no model “{model}”; choose one of open_clip.list_models(), as ViT-B-32.")
        path = Path(pretrained)
        local = path.is_file()
        net = _from_file(model, path) if local else _from_hub(model, pretrained)
        # two checkpoints of one name (runs/a/best.pt, runs/b/best.pt) are two models
        version = f"{open_clip.__version__}-{_sha256(path)[:12]}" if local else open_clip.__version__
        self._use(net, open_clip.get_tokenizer(model), f"{model}/{path.name}" if local else name, version, device)

    def _use(self, net: nn.Module, tokenizer: Tokenize, name: str, version: str, device: str) -> None:
        import open_clip

        self.name, self.version = name, version
        self._net: Any = net.eval().to(device)
        settings = open_clip.get_model_preprocess_cfg(self._net)
        size = settings.get("size", 224)
        self._preprocess = Preprocess(
            side=size if isinstance(size, int) else size[0],
            mean=tuple(settings["mean"]),
            std=tuple(settings["std"]),
            mode=settings.get("resize_mode", "shortest"),
            interpolation=settings.get("interpolation", "bicubic"),
        )
        self._tokenizer = tokenizer
        self._device = device
        self.scale = float(self._net.get_parameter("logit_scale").detach().exp())
        self._dtype = torch.float32
        visual: Any = self._net.visual.to(memory_format=torch.channels_last)
        if device == "cpu":
            self._net.visual, self._dtype = precision.cast(visual, self._probe)
        self.dim = int(self.encode_text(["a"]).shape[1])

    def frame_size(self, width: int, height: int) -> tuple[int, int]:
        """Short side as the network wants it, aspect kept; the centre is cut inside `encode_frames`."""
        return self._preprocess.size_of(width, height)

    def encode_frames(self, frames: npt.NDArray[np.uint8], tokens: bool = False) -> Floats:
        """See `TextVideoEncoder`. With tokens P is the number of patches; only vision transformers have them."""
        frames = as_frames(frames)
        visual = self._net.visual
        if tokens and not (hasattr(visual, "output_tokens") and hasattr(visual, "proj")):
            raise ValueError(f"{self.name} has no patch tokens; choose a ViT model or tokens=False.")

        def forward(part: npt.NDArray[Any], device: str) -> torch.Tensor:
            x = self._pixels(part, device)
            with _autocast(device):
                if not tokens:
                    return nn.functional.normalize(visual(x).float(), dim=-1)
                visual.output_tokens = True
                try:
                    _, patches = visual(x)
                finally:
                    visual.output_tokens = False
                # open_clip leaves patches before the projection into the joint space.
                patches = patches @ visual.proj if visual.proj is not None else patches
                return nn.functional.normalize(patches.float(), dim=-1)

        empty = (1, self.dim) if tokens else (self.dim,)
        return with_smaller_batches(forward, frames, *empty, batch=32, device=self._device)

    def encode_video(
        self,
        frames: npt.NDArray[np.uint8],
        segments: int,
        tokens: int,
        method: Method = "k-medoids",
        after: int | None = None,
    ) -> tuple[Floats, npt.NDArray[np.int64]]:
        """One video (T, H, W, 3) as `segments` vectors float32 (S, dim), unit length, and what they were made of.

        Before the block after `after` (default: half of them) the patches of each segment's frames are reduced to
        `tokens` medoids, so that the upper half runs once a segment, not once a frame. The second array, int64
        (S, tokens, 2), names each medoid's frame in the video and its patch. Raises ValueError for models other than
        vision transformers, for fewer frames than segments, and for more tokens than a segment has patches.
        """
        frames = as_frames(frames)
        plan = SegmentEncoder(self._net.visual, self.name, segments, tokens, method, after)
        return plan.encode(frames, self._pixels, _autocast, self._device)

    def encode_text(self, texts: list[str], tokens: bool = False) -> Any:
        """See `TextVideoEncoder`; words are taken after the last norm and projected."""
        texts = as_texts(texts)
        if not texts:
            none = np.zeros((0, self.dim), np.float32)
            return (none[:, None, :], np.zeros((0, 1), np.bool_)) if tokens else none
        ids: torch.Tensor = self._tokenizer(texts)
        if not tokens:
            return with_smaller_batches(self._sentences, ids.numpy(), batch=64, device=self._device)
        mask = ids.ne(0).numpy()
        length = int(mask.sum(1).max())
        words = with_smaller_batches(self._words, ids.numpy(), batch=64, device=self._device)
        return words[:, :length], mask[:, :length]

    def _pixels(self, part: npt.NDArray[Any], device: str) -> torch.Tensor:
        """uint8 (N, H, W, 3) → network input on `device`, where the network goes too: memory may have ended."""
        self._net.to(device)
        x = self._preprocess(torch.from_numpy(part).to(device))
        return x.to(dtype=self._dtype, memory_format=torch.channels_last)

    def _probe(self, visual: nn.Module, dtype: torch.dtype) -> torch.Tensor:
        """Two still pictures, one smooth and one rough → (2, dim)."""
        side = self._preprocess.side
        ramp = torch.linspace(-1.5, 1.5, side).expand(3, side, side)
        x = torch.stack([ramp, torch.sin(ramp * 1e4)]).to(dtype=dtype, memory_format=torch.channels_last)
        out: torch.Tensor = visual(x)
        return out

    def _sentences(self, ids: npt.NDArray[Any], device: str) -> torch.Tensor:
        self._net.to(device)
        with _autocast(device):
            vectors = self._net.encode_text(torch.from_numpy(ids).to(device))
        return nn.functional.normalize(vectors.float(), dim=-1)

    def words_before_projection(self, text: str) -> npt.NDArray[np.float32]:
        """The states of one text's tokens (L, W) after the last norm and before the projection, both ends included."""
        ids: torch.Tensor = self._tokenizer([text])
        states = with_smaller_batches(self._states, ids.numpy(), batch=1, device=self._device)
        result: npt.NDArray[np.float32] = states[0, ids[0].ne(0).numpy()]
        return result

    def _states(self, ids: npt.NDArray[Any], device: str) -> torch.Tensor:
        tower = getattr(self._net, "text", self._net)
        seen: list[torch.Tensor] = []
        hook = tower.ln_final.register_forward_hook(lambda _m, _i, output: seen.append(output))
        try:
            self._sentences(ids, device)
        finally:
            hook.remove()
        return seen[0]

    def _words(self, ids: npt.NDArray[Any], device: str) -> torch.Tensor:
        states = self._states(ids, device)
        project = getattr(self._net, "text", self._net).text_projection
        with _autocast(device):
            words = project(states) if isinstance(project, nn.Module) else states @ project
        return nn.functional.normalize(words.float(), dim=-1)


def _autocast(device: str) -> torch.autocast:
    kind = device.partition(":")[0]
    return torch.autocast(kind, torch.float16, enabled=kind == "cuda")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _from_file(model: str, path: Path) -> nn.Module:
    import open_clip

    settings = [_preprocessing(model, tag) for tag in open_clip.list_pretrained_tags_by_model(model)]
    agreed = settings[0] if settings and all(each == settings[0] for each in settings) else {}
    return _filled(partial(open_clip.create_model, model, force_preprocess_cfg=agreed), model, path)


def _preprocessing(model: str, tag: str) -> dict[str, Any]:
    """How pictures are made ready for a network; what its weights do not say, and open_clip's list does."""
    import open_clip

    known = open_clip.get_pretrained_cfg(model, tag) or {}
    return {key: known[key] for key in ("mean", "std", "interpolation", "resize_mode") if key in known}


def _filled(make: Callable[..., Any], model: str, path: Path) -> nn.Module:
    """The network that `make` makes, with the weights of a file. It takes gigabytes, so it is made when the file was
    read and fits a network without memory."""
    try:
        found = tensors_of(path)
        logging.disable(logging.WARNING)  # open_clip's, that the network has no weights yet
        try:
            plan = make(pretrained=None, pretrained_text=False, device="meta")
            weights = _converted(plan, found)
            check(plan, weights, path.name)
            net: nn.Module = make(pretrained=None, pretrained_text=False)
        finally:
            logging.disable(logging.NOTSET)
        net.load_state_dict(weights)
    except (ModelError, OSError, RuntimeError) as error:
        raise ModelError(f"{path.name} is not a checkpoint of {model}; give the file of the same model.") from error
    return net


def _converted(net: Any, found: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Weights by the names that open_clip gives them today."""
    from open_clip.convert import convert_state_dict
    from open_clip.model import convert_to_custom_text_state_dict

    weights: dict[str, torch.Tensor] = convert_state_dict(net, found)
    if "positional_embedding" in weights and not hasattr(net, "positional_embedding"):
        weights = convert_to_custom_text_state_dict(weights)
    own = net.state_dict()
    return weights | {key: weights[key].reshape(own[key].shape) for key in _SCALARS if key in own and key in weights}


_SCALARS = ("logit_scale", "logit_bias")  # a number, or a list of one


@architecture("open-clip")
def build(files: Mapping[str, Path], card: ModelCard, device: str) -> OpenClipEncoder:
    """The encoder of a card of the gallery, by files that are here: its `net`, and a `tokenizer` where open_clip has
    none of its own for it. Nothing is fetched. Raises ModelError naming the cure."""
    import open_clip

    model, _, tag = card.network.partition("/")
    config = open_clip.get_model_config(model)
    if config is None:
        raise ModelError(f"open_clip {open_clip.__version__} knows no model “{model}”; update open_clip_torch.")
    pretrained = open_clip.get_pretrained_cfg(model, tag) or {}
    make = partial(
        open_clip.create_model,
        model,
        force_quick_gelu=bool(pretrained.get("quick_gelu")),
        force_preprocess_cfg=_preprocessing(model, tag),
    )
    net = _filled(make, model, files["net"])
    text = config["text_cfg"]
    tokenizer = (
        file_tokenizer(files["tokenizer"], text["context_length"], text.get("tokenizer_kwargs", {}).get("clean", ""))
        if "tokenizer" in files
        else open_clip.get_tokenizer(model)
    )
    made = OpenClipEncoder.__new__(OpenClipEncoder)
    made._use(net, tokenizer, card.name, card.version, device)
    return made


def file_tokenizer(path: Path, length: int, clean: str) -> Tokenize:
    """The tokenizer in a tokenizer.json: texts → token ids (M, length), padded and cut; as open_clip's `HFTokenizer`,
    without the whole library that it loads. Raises ModelError."""
    from open_clip.tokenizer import get_clean_fn
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except Exception as error:
        raise ModelError(f"{path.name} is no tokenizer; get it again.") from error
    pad = next((token for token in _PADDING if tokenizer.token_to_id(token) is not None), None)
    if pad is None:
        raise ModelError(f"{path.name} has no token for padding, so it is not the one of this model; get it again.")
    tokenizer.enable_truncation(length)
    tokenizer.enable_padding(length=length, pad_token=pad, pad_id=tokenizer.token_to_id(pad))
    cleaned = get_clean_fn(clean or "whitespace")

    def tokenize(texts: list[str]) -> torch.Tensor:
        found = tokenizer.encode_batch([cleaned(text) for text in texts])
        return torch.tensor([each.ids for each in found], dtype=torch.long)

    return tokenize


_PADDING = ("<pad>", "[PAD]")


def _from_hub(model: str, tag: str) -> nn.Module:
    import open_clip

    tags = open_clip.list_pretrained_tags_by_model(model)
    if tag not in tags:
        choices = ", ".join(tags) or "none, so give the path of a checkpoint"
        raise ModelError(f"{model} has no weights “{tag}”, nor is that a file; choose from {choices}.")
    # Weights remember which activation they were trained with; open_clip only logs that the model has another.
    quick = bool((open_clip.get_pretrained_cfg(model, tag) or {}).get("quick_gelu"))
    try:
        net: nn.Module = open_clip.create_model(model, pretrained=tag, force_quick_gelu=quick)
    except Exception as error:
        raise ModelError(
            f"The weights {model}/{tag} cannot be fetched from the hub; connect, or give a file: {model}/PATH."
        ) from error
    return net
