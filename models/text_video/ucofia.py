"""The trained three-level scorer: loads the official checkpoint layout of UCoFiA (Wang et al., ICCV 2023).

A CLIP whose last two visual blocks look at the neighbouring frames, a small transformer over frames, a selector of
patches, and the matrices of `multilevel.Mixing`. Names and shapes are the checkpoint's; sizes are read off its tensors.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from studio.models._checkpoint import tensors
from studio.models._validation import as_frames, as_texts
from studio.models.card import ModelError
from studio.models.text_video import multilevel
from studio.models.text_video.pixels import Preprocess

_MEAN, _STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
_STRIDE, _BEFORE, _AFTER = 7, 1, 4
_SHIFTED_BLOCKS = 2
# The matrices in the checkpoint, and where they go; the rest of its matrices were never used.
_MATRICES = {
    "sentence": "global_mat_weight",
    "video": "global_mat_weight_1",
    "words": "local_mat_weight",
    "patches": "local_mat_weight1",
    "over_frames": "frame_logit_weight",
    "over_words": "word_mat_weight",
    "over_words_last": "word_mat_weight2",
    "over_patches": "pixel_mat_weight",
    "over_patches_last": "pixel_mat_weight2",
}
_UNUSED = ("word_logit_weight", "frame_mat_weight", "frame_mat_weight2", "word_mat_weight_for_pixel")
_CLIP_NUMBERS = ("input_resolution", "context_length", "vocab_size")  # OpenAI's files carry these beside the weights


def shift_patches(x: torch.Tensor) -> torch.Tensor:
    """One video's tokens (T, 1 + P, W): of every seven, one comes from the frame before and one from the next."""
    out = x.clone()
    out[1:, _BEFORE::_STRIDE] = x[:-1, _BEFORE::_STRIDE]
    out[:-1, _AFTER::_STRIDE] = x[1:, _AFTER::_STRIDE]
    return out


class _Block(nn.Module):
    """A transformer layer that normalises first, under CLIP's names."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp = nn.ModuleDict({"c_fc": nn.Linear(width, 4 * width), "c_proj": nn.Linear(4 * width, width)})

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.ln_1(x)
        x = x + self.attn(y, y, y, need_weights=False)[0]
        y = self.mlp["c_fc"](self.ln_2(x))
        out: torch.Tensor = x + self.mlp["c_proj"](y * torch.sigmoid(1.702 * y))
        return out


class _Selector(nn.Module):
    """Tokens (T, 1 + P, D) → scores (T, P). Both predictors of the official repository, told apart by `in_conv`.

    Reading D numbers, each patch is judged beside its frame's reduced vector; reading 2 D, beside the mean frame.
    """

    def __init__(self, weights: Mapping[str, torch.Tensor], dim: int) -> None:
        super().__init__()
        names = "in_conv.0.weight", "in_conv.1.weight", "out_conv.0.weight", "out_conv.2.weight"
        norm, inner, outer, last = (weights[name] for name in names)
        self.over_video = len(norm) == 2 * dim
        self.beside = outer.shape[1] == 2 * len(inner)
        if len(norm) not in (dim, 2 * dim) or outer.shape[1] not in (len(inner), 2 * len(inner)):
            raise ModelError("The token selector has unknown sizes; give an official checkpoint.")
        self.in_conv = nn.Sequential(nn.LayerNorm(len(norm)), _linear(weights, "in_conv.1", inner), nn.GELU())
        self.out_conv = nn.Sequential(
            _linear(weights, "out_conv.0", outer), nn.GELU(), _linear(weights, "out_conv.2", last)
        )

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = tokens
        if self.over_video:
            x = torch.cat([x, tokens[:, :1].mean(0, keepdim=True).expand_as(x)], 2)
        h = self.in_conv(x)
        if self.beside:
            h = torch.cat([h, h[:, :1].expand_as(h)], 2)
        scores: torch.Tensor = torch.tanh(self.out_conv(h[:, 1:]))
        return scores.squeeze(2)


def _linear(weights: Mapping[str, torch.Tensor], name: str, weight: torch.Tensor) -> nn.Linear:
    return nn.Linear(weight.shape[1], weight.shape[0], bias=f"{name}.bias" in weights)


@dataclass(frozen=True)
class _Parts:
    """A checkpoint's tensors by what they belong to."""

    clip: dict[str, torch.Tensor]
    over_frames: dict[str, torch.Tensor]
    positions: torch.Tensor
    selector: dict[str, torch.Tensor]
    mixing: multilevel.Mixing


def _sort(state: Mapping[str, torch.Tensor]) -> _Parts:
    """Raises ModelError for tensors that are missing or that nothing here knows."""
    state = {key.removeprefix("module."): value.float() for key, value in state.items()}

    def under(prefix: str) -> dict[str, torch.Tensor]:
        return {key.removeprefix(prefix): state.pop(key) for key in list(state) if key.startswith(prefix)}

    # Training wrapped the attention of the shifted blocks, and their names with it: a loader that does not undo that
    # leaves those blocks untrained without a word.
    clip = {key.replace(".attn.net.", ".attn."): value for key, value in under("clip.").items()}
    for name in _CLIP_NUMBERS:
        clip.pop(name, None)
    transformer, selector = under("transformerClip."), under("visual_token_selector.score_predictor.")
    try:
        positions = state.pop("frame_position_embeddings.weight")
        matrices = {field: state.pop(key).numpy() for field, key in _MATRICES.items() if field != "patches"}
    except KeyError as error:
        raise ModelError(f"The checkpoint lacks {error.args[0]}; give an official checkpoint.") from error
    patches = state.pop(_MATRICES["patches"], None)
    unknown = [key for key in state if key not in _UNUSED]
    if unknown:
        raise ModelError(f"The checkpoint has tensors nothing here knows, as {unknown[0]}; give an official one.")
    mixing = multilevel.Mixing(**matrices, patches=None if patches is None else patches.numpy())
    return _Parts(clip, transformer, positions, selector, mixing)


def _count(weights: Mapping[str, torch.Tensor], prefix: str) -> int:
    """How many layers are named `prefix`N."""
    return 1 + max((int(k[len(prefix) :].split(".")[0]) for k in weights if k.startswith(prefix)), default=-1)


def _clip(weights: dict[str, torch.Tensor]) -> Any:
    """An open_clip CLIP of the tensors' sizes, with OpenAI's activation, its weights loaded strictly."""
    from open_clip.model import CLIP, CLIPTextCfg, CLIPVisionCfg

    patch, width = weights["visual.conv1.weight"].shape[-1], len(weights["visual.class_embedding"])
    grid = round((len(weights["visual.positional_embedding"]) - 1) ** 0.5)
    text_width, dim = weights["text_projection"].shape
    vision = CLIPVisionCfg(
        layers=_count(weights, "visual.transformer.resblocks."), width=width, patch_size=patch, image_size=patch * grid
    )
    vocabulary, length = len(weights["token_embedding.weight"]), len(weights["positional_embedding"])
    text = CLIPTextCfg(
        context_length=length,
        vocab_size=vocabulary,
        width=text_width,
        heads=max(1, text_width // 64),
        layers=_count(weights, "transformer.resblocks."),
    )
    with torch.device("meta"):
        net = CLIP(int(dim), vision, text, quick_gelu=True)
    net.load_state_dict(weights, assign=True)
    # The causal mask is no weight, so it is still without content.
    net.attn_mask = torch.full((length, length), -torch.inf).triu(1)
    return net.eval()


class LevelsNet:
    """The full scorer. The numbers of frames and words are fixed by the checkpoint: 12 and 32 in the official ones.

    Patches are kept by hard top-k, where training sampled noise: scores are the same every time.
    """

    def __init__(self, state: Mapping[str, torch.Tensor], device: str = "cpu") -> None:
        """Raises ModelError for a state dict of another layout."""
        parts = _sort(state)
        try:
            self._net = _clip(parts.clip).to(device)
            self.dim = int(self._net.text_projection.shape[1])
            over = nn.ModuleList(
                _Block(self.dim, max(1, self.dim // 64)) for _ in range(_count(parts.over_frames, "resblocks."))
            )
            self._over_frames = nn.ModuleDict({"resblocks": over}).eval().to(device)
            self._over_frames.load_state_dict(parts.over_frames)
            self._selector = _Selector(parts.selector, self.dim).eval().to(device)
            self._selector.load_state_dict(parts.selector)
        except (KeyError, RuntimeError) as error:
            raise ModelError("This is not a checkpoint of the three-level scorer; give an official one.") from error
        self._net.visual.output_tokens = True
        for block in self._net.visual.transformer.resblocks[-_SHIFTED_BLOCKS:]:
            # After the norm and before attention; the residual path keeps its own frame's tokens.
            block.ln_1.register_forward_hook(lambda _m, _i, output: shift_patches(output))
        self._positions = parts.positions.to(device)
        self._device = device
        self.mixing = parts.mixing
        assert self.mixing.over_frames is not None
        assert self.mixing.over_words is not None
        self.frames, self.words = len(self.mixing.over_frames), len(self.mixing.over_words)
        self.scale = float(self._net.logit_scale.detach().exp())
        self._preprocess = Preprocess(self._net.visual.image_size[0], _MEAN, _STD)

    @torch.inference_mode()
    def video(self, frames: npt.NDArray[np.uint8]) -> multilevel.MultiLevelVideo:
        """uint8 (N, H, W, 3) of one video, N ≥ 1, of which `frames` are read at equal distances (again, if fewer)."""
        frames = as_frames(frames)
        if not len(frames):
            raise ValueError("A video has at least one frame.")
        index = np.linspace(0, len(frames) - 1, self.frames).round().astype(int)
        pixels = self._preprocess(torch.from_numpy(frames[index]).to(self._device))
        visual = self._net.visual
        pooled, patches = visual(pixels)
        tokens = torch.cat([pooled[:, None], patches @ visual.proj], 1)
        kept = self._selector(tokens).topk(min(multilevel.KEPT, patches.shape[1]), 1).indices.sort(1).values
        chosen = tokens[:, 1:].gather(1, kept[:, :, None].expand(-1, -1, self.dim))
        x = (pooled + self._positions[: len(pooled)])[None]
        for block in self._over_frames["resblocks"].children():
            x = block(x)
        whole = nn.functional.normalize(x[0] + pooled, dim=1).mean(0)
        return multilevel.MultiLevelVideo(
            frames=nn.functional.normalize(pooled, dim=1).cpu().numpy(),
            patches=torch.cat([tokens[:, :1], chosen], 1).cpu().numpy(),
            vector=nn.functional.normalize(whole, dim=0).cpu().numpy(),
        )

    @torch.inference_mode()
    def query(self, text: str) -> multilevel.MultiLevelQuery:
        """The sentence at its end token, and exactly `words` word vectors, padding included, as in training."""
        import open_clip

        ids = open_clip.get_tokenizer("ViT-B-32")(as_texts([text]), context_length=self.words)
        full = torch.zeros(1, self._net.context_length, dtype=torch.long)
        full[:, : self.words] = ids  # attention is causal: what comes after changes nothing
        seen: list[torch.Tensor] = []
        hook = self._net.ln_final.register_forward_hook(lambda _m, _i, output: seen.append(output))
        try:
            sentence = self._net.encode_text(full.to(self._device))
        finally:
            hook.remove()
        words = (seen[0] @ self._net.text_projection)[0, : self.words]
        unit = nn.functional.normalize
        return multilevel.MultiLevelQuery(unit(sentence, dim=1)[0].cpu().numpy(), unit(words, dim=1).cpu().numpy())

    def scores(
        self, query: multilevel.MultiLevelQuery, videos: Sequence[multilevel.MultiLevelVideo]
    ) -> multilevel.Scores:
        """As training weighed the levels: (scale·video + scale·frame + patch) / 3."""
        weights = multilevel.MultiLevelWeights(self.scale / 3, self.scale / 3, 1 / 3)
        return multilevel.multilevel_scores(query, videos, weights, kept=None, mixing=self.mixing)


def load(path: Path, device: str = "cpu") -> LevelsNet:
    """A checkpoint on this machine: safetensors, or a state dict that torch reads without executing code.

    Raises ModelError for any other file.
    """
    return LevelsNet(tensors(path.read_bytes(), path.name), device)
