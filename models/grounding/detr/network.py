"""The network in its three shapes, with the official checkpoints' names: one video and one text in, moments out."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import nn

from studio.models.grounding.detr.decoders import AnchorDecoder, QueryDecoder, logit
from studio.models.grounding.detr.layers import (
    HEADS,
    WIDTH,
    BareAttention,
    Perceptron,
    SelfStack,
    WordLayer,
    WordPlaces,
    WordStack,
    entrance,
    places,
)

CLIP, QUERIES = 512, 10
VIDEO = CLIP + 2  # and where the clip begins and ends, 0…1


@dataclass(frozen=True)
class Shape:
    """What differs between the three: without `words_first` video and text are read as one sequence; `dummies` and
    `prompts` are learned tokens that take up what the text does not say, and that say what kind of video it is."""

    encoder: int = 2
    decoder: int = 2
    words_first: int = 0
    dummies: int = 0
    prompts: int = 0


SHAPES: Mapping[str, Shape] = MappingProxyType({
    "moment-detr": Shape(),
    "qd-detr": Shape(words_first=2),
    "cg-detr": Shape(encoder=3, decoder=3, words_first=2, dummies=45, prompts=10),
})  # fmt: skip


class DetrOutput(NamedTuple):
    """Spans (Q, 2) as (centre, width) of the video 0…1, how sure each is (Q,) 0…1, and how each clip fits (N,)."""

    spans: torch.Tensor
    sure: torch.Tensor
    saliency: torch.Tensor


class Transformer(nn.Module):
    """The part of the network that the checkpoints call so."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        anchors = shape.words_first > 0
        activation = nn.PReLU if anchors else nn.ReLU
        if anchors:
            attention = BareAttention if shape.dummies else partial(nn.MultiheadAttention, WIDTH, HEADS)
            self.t2v_encoder = WordStack([WordLayer(activation, attention()) for _ in range(shape.words_first)])
        if shape.dummies:
            self.mcls_encoder = SelfStack(1, activation)  # for training only
        self.encoder = SelfStack(shape.encoder, activation)
        self.decoder = (AnchorDecoder if anchors else QueryDecoder)(shape.decoder, activation)


class Network(nn.Module):
    """Clips (N, VIDEO) and words (L, CLIP), both as `inputs` makes them → DetrOutput."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.transformer = Transformer(shape)
        self.txt_position_embed = WordPlaces()
        self.input_vid_proj, self.input_txt_proj = entrance(VIDEO), entrance(CLIP)
        self.class_embed, self.span_embed = nn.Linear(WIDTH, 2), Perceptron(2, 3)
        self.query_embed = nn.Embedding(QUERIES, 2 if shape.words_first else WIDTH)
        if not shape.words_first:
            self.saliency_proj = nn.Linear(WIDTH, 1)
            return
        self.saliency_proj1, self.saliency_proj2 = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)
        rows = (shape.prompts,) if shape.prompts else ()
        self.global_rep_token = nn.Parameter(torch.randn(*rows, WIDTH))
        self.global_rep_pos = nn.Parameter(torch.randn(*[1] * len(rows), WIDTH))
        if shape.dummies:
            self._add_dummies(shape.dummies)

    def _add_dummies(self, count: int) -> None:
        self.token_type_embeddings = nn.Embedding(2, WIDTH)
        self.dummy_rep_token, self.dummy_rep_pos = (nn.Parameter(torch.randn(count, WIDTH)) for _ in range(2))
        self.txtproj_encoder = SelfStack(2, nn.PReLU)
        # The rest is for training only, and in every checkpoint.
        self.scls_encoder = SelfStack(1, nn.PReLU)
        self.txt_proj_linear = entrance(CLIP)[0]
        for name in ("moment_rep_token", "moment_rep_pos", "sent_rep_token", "sent_rep_pos"):
            setattr(self, name, nn.Parameter(torch.randn(WIDTH)))

    def forward(self, clips: torch.Tensor, words: torch.Tensor) -> DetrOutput:
        video, text = self.input_vid_proj(clips), self.input_txt_proj(words)
        place = places(len(video), video.device)
        if not self.shape.words_first:
            return self._together(video, text, place)
        video, token, at = self._words_first(video, text, place)
        memory = self.transformer.encoder(torch.cat([token, video]), torch.cat([at, place]))
        summary, memory = memory[:1], memory[1:]
        if self.shape.dummies:
            memory = memory + summary
        like = (self.saliency_proj1(memory) * self.saliency_proj2(summary)).sum(1) / WIDTH**0.5
        return self._moments(memory, place, like)

    def _together(self, video: torch.Tensor, text: torch.Tensor, place: torch.Tensor) -> DetrOutput:
        place = torch.cat([place, torch.zeros_like(text)])
        memory = self.transformer.encoder(torch.cat([video, text]), place)
        return self._moments(memory, place, self.saliency_proj(memory[: len(video)])[:, 0])

    def _words_first(
        self, video: torch.Tensor, text: torch.Tensor, place: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Clips that have read the text (N, WIDTH), and a token for all of them (1, WIDTH) with its place."""
        read = self.transformer.t2v_encoder
        if not self.shape.dummies:
            return read(video, place, text, text)[0], self.global_rep_token[None], self.global_rep_pos[None]
        kinds = self.token_type_embeddings.weight
        video, text = video + kinds[1], text + kinds[0]
        start = torch.cat([self.dummy_rep_token, text])
        at = torch.cat([self.dummy_rep_pos, torch.zeros_like(text)])
        dummies = self.txtproj_encoder(start, at)[: self.shape.dummies]
        known, weights = read(video, place, torch.cat([dummies, text]) + at, text)
        token = self._token(video, weights[:, self.shape.dummies :].sum(1))
        nothing = text[:0]  # the token passes the same layers by itself, as in the original program
        return known, read(token, self.global_rep_pos, nothing, nothing)[0], self.global_rep_pos

    def _token(self, video: torch.Tensor, relevance: torch.Tensor) -> torch.Tensor:
        """The prompt (1, WIDTH) that is most like the relevant clips, on top of the mean clip."""
        mean = video.mean(0, keepdim=True)
        unit = nn.functional.normalize(video - mean, dim=1), nn.functional.normalize(self.global_rep_token, dim=1)
        like = (unit[0] @ unit[1].T).softmax(1) * (relevance / relevance.mean())[:, None]
        share = like.mean(0)
        best = share.argmax()
        return share[best] * self.global_rep_token[best][None] + mean

    def _moments(self, memory: torch.Tensor, place: torch.Tensor, saliency: torch.Tensor) -> DetrOutput:
        states, anchors = self.transformer.decoder(self.query_embed.weight, memory, place)
        moved = self.span_embed(states)
        spans = (moved if anchors is None else moved + logit(anchors)).sigmoid()
        return DetrOutput(spans, self.class_embed(states).softmax(1)[:, 0], saliency)


def inputs(frames: torch.Tensor, words: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """CLIP vectors of clips (N, CLIP) and of words before their projection (L, CLIP), of any length → the network's."""
    ends = torch.arange(len(frames) + 1, device=frames.device) / len(frames)
    clips = torch.cat([nn.functional.normalize(frames, dim=1), ends[:-1, None], ends[1:, None]], 1)
    return clips, nn.functional.normalize(words, dim=1)
