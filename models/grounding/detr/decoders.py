"""From what was seen to (centre, width) of moments: learned queries, or anchors that are moved layer by layer."""

import torch
from torch import nn

from studio.models.grounding.detr.layers import (
    HEADS,
    WIDTH,
    Activation,
    BareAttention,
    Feeding,
    Perceptron,
    Stack,
    sines,
)

_EPSILON = 1e-3


def logit(x: torch.Tensor) -> torch.Tensor:
    """The inverse of the sigmoid, bounded at both ends as the checkpoints were trained."""
    x = x.clamp(0, 1)
    return (x.clamp(min=_EPSILON) / (1 - x).clamp(min=_EPSILON)).log()


class QueryLayer(Feeding):
    """Queries look at each other and at the memory."""

    def __init__(self, activation: Activation) -> None:
        super().__init__(activation)
        self.self_attn, self.multihead_attn = nn.MultiheadAttention(WIDTH, HEADS), nn.MultiheadAttention(WIDTH, HEADS)
        self.norm3 = nn.LayerNorm(WIDTH)

    def forward(self, x: torch.Tensor, query: torch.Tensor, memory: torch.Tensor, place: torch.Tensor) -> torch.Tensor:
        at = x + query
        x = self.norm1(x + self.self_attn(at, at, x, need_weights=False)[0])
        x = self.norm2(x + self.multihead_attn(x + query, memory + place, memory, need_weights=False)[0])
        result: torch.Tensor = self.norm3(x + self.feed(x))
        return result


class QueryDecoder(Stack):
    """Of Moment-DETR: queries (Q, WIDTH) say where to look by themselves."""

    def __init__(self, depth: int, activation: Activation) -> None:
        super().__init__([QueryLayer(activation) for _ in range(depth)])
        self.norm = nn.LayerNorm(WIDTH)

    def forward(
        self, queries: torch.Tensor, memory: torch.Tensor, place: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """→ (Q, WIDTH), and no anchors."""
        x = torch.zeros_like(queries)
        for layer in self.layers:
            x = layer(x, queries, memory, place)
        return self.norm(x), None


def _linear() -> nn.Linear:
    return nn.Linear(WIDTH, WIDTH)


class AnchorLayer(Feeding):
    """Like QueryLayer, with content and place apart; the first layer adds the anchors' places to the content, too."""

    def __init__(self, activation: Activation, first: bool) -> None:
        super().__init__(activation)
        self.sa_qcontent_proj, self.sa_qpos_proj, self.sa_v_proj = _linear(), _linear(), _linear()
        self.sa_kcontent_proj, self.sa_kpos_proj = _linear(), _linear()
        self.ca_qcontent_proj, self.ca_qpos_sine_proj, self.ca_v_proj = _linear(), _linear(), _linear()
        self.ca_kcontent_proj, self.ca_kpos_proj = _linear(), _linear()
        if first:
            self.ca_qpos_proj = _linear()
        self.self_attn, self.cross_attn = BareAttention(), BareAttention()
        self.norm3 = nn.LayerNorm(WIDTH)
        self._first = first

    def forward(
        self, x: torch.Tensor, query: torch.Tensor, wave: torch.Tensor, memory: torch.Tensor, place: torch.Tensor
    ) -> torch.Tensor:
        q = self.sa_qcontent_proj(x) + self.sa_qpos_proj(query)
        k = self.sa_kcontent_proj(x) + self.sa_kpos_proj(query)
        x = self.norm1(x + self.self_attn(q, k, self.sa_v_proj(x))[0])
        q, k, at = self.ca_qcontent_proj(x), self.ca_kcontent_proj(memory), self.ca_kpos_proj(place)
        if self._first:
            q, k = q + self.ca_qpos_proj(query), k + at
        q, k = beside(q, self.ca_qpos_sine_proj(wave)), beside(k, at)
        x = self.norm2(x + self.cross_attn(q, k, self.ca_v_proj(memory))[0])
        result: torch.Tensor = self.norm3(x + self.feed(x))
        return result


def beside(content: torch.Tensor, place: torch.Tensor) -> torch.Tensor:
    """(N, WIDTH) twice → (N, 2 · WIDTH), so that each head gets a part of both."""
    parts = [x.view(len(x), HEADS, -1) for x in (content, place)]
    return torch.cat(parts, 2).flatten(1)


class AnchorDecoder(Stack):
    """Of QD-DETR and CG-DETR, after DAB-DETR (Liu et al., ICLR 2022): a query is an anchor (centre, width).

    Attention falls on a place by waves of the anchor, scaled by its content and narrowed by its width.
    """

    def __init__(self, depth: int, activation: Activation) -> None:
        super().__init__([AnchorLayer(activation, first=i == 0) for i in range(depth)])
        self.norm = nn.LayerNorm(WIDTH)
        self.query_scale, self.ref_point_head = Perceptron(WIDTH, 2), Perceptron(WIDTH, 2)
        self.bbox_embed, self.ref_anchor_head = Perceptron(2, 3), Perceptron(1, 2)

    def forward(
        self, queries: torch.Tensor, memory: torch.Tensor, place: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Unbounded anchors (Q, 2), memory (N, WIDTH) → (Q, WIDTH), and the anchors 0…1 (Q, 2) of the last layer."""
        x = torch.zeros(len(queries), WIDTH, device=memory.device)
        anchors = following = queries.sigmoid()
        for i, layer in enumerate(self.layers):
            anchors = following
            wave = sines(anchors, WIDTH // 2).flatten(1)
            query = self.ref_point_head(wave)
            wave = wave * self.query_scale(x) if i else wave
            wave = wave * self.ref_anchor_head(x).sigmoid() / anchors[:, 1:]
            x = layer(x, query, wave, memory, place)
            following = (self.bbox_embed(x) + logit(anchors)).sigmoid()
        return self.norm(x), anchors
