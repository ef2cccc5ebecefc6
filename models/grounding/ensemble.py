"""What several engines agree on: each is right about other videos, and a wrong one seldom finds company."""

from collections.abc import Mapping, Sequence

import numpy as np

from studio.models.architectures import architecture
from studio.models.card import ModelCard, ModelError
from studio.models.grounding.curve import Doubles, Moment, iou, temporal_nms
from studio.models.grounding.engine import Curve, CurveEngine
from studio.models.interfaces import GroundingEngine

_EACH = 5  # moments that each engine may name


class Consensus(CurveEngine):
    """Every moment of every member is voted for by all: by the IoU with what is most like it there, as much as that
    member values it."""

    def __init__(self, name: str, version: str, members: Sequence[CurveEngine]) -> None:
        super().__init__(name, version)
        self._members = members

    def moments(self, curve: Curve, top_k: int) -> list[Moment]:
        """See `CurveEngine`."""
        named = [np.array(member.moments(curve, _EACH)) for member in self._members]
        bounds = np.concatenate([each[:, :2] for each in named])
        votes = np.mean([_vote(bounds, each) for each in named], axis=0)
        return temporal_nms(bounds, votes.clip(0, 1), top_k)


def _vote(bounds: Doubles, named: Doubles) -> Doubles:
    """How much one member, with its moments (K, 3), is for each of the candidates (C, 2): (C,) in 0…1."""
    worth = named[:, 2] / max(float(named[0, 2]), 1e-9)
    result: Doubles = np.array([(iou(each, named[:, :2]) * worth).max() for each in bounds])
    return result


@architecture("consensus")
def build(files: Mapping[str, bytes], card: ModelCard, device: str, members: Sequence[GroundingEngine]) -> Consensus:
    """From a card and the models that it names as its members. Raises ModelError for one that reads no curve."""
    for member in members:
        if not isinstance(member, CurveEngine):
            raise ModelError(f"{member.name} cannot be a member of {card.name}; name engines that read a curve.")
    return Consensus(card.name, card.version, [each for each in members if isinstance(each, CurveEngine)])
