"""TalkNet (Tao et al., ACM MM 2021): deep front-ends, attention between sound and picture, then over time."""

import torch

from studio.models.speaker.networks.parts import Attention, Head, Network, normalised
from studio.models.speaker.networks.residual import Cepstra, Deep


class Encoder(Deep):
    """TalkNet between input and logits."""

    def __init__(self) -> None:
        super().__init__(idle=True)
        self.audioEncoder = Cepstra()
        self.selfAV = Attention(256)

    def join(self, heard: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        both = self.cross(heard, seen)
        joined: torch.Tensor = self.selfAV(both, both)
        return joined


class TalkNet(Network):
    """TalkNet: 15.7 million parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Encoder()
        self.lossAV, self.lossA, self.lossV = Head(256), Head(128), Head(128)

    def encode_video(self, faces: torch.Tensor) -> torch.Tensor:
        return self.model.faces(normalised(faces))

    def encode_audio(self, rows: torch.Tensor) -> torch.Tensor:
        heard: torch.Tensor = self.model.audioEncoder(rows)
        return heard

    def fuse(self, heard: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.lossAV(self.model.join(heard, seen))
        return logits
