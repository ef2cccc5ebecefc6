"""Published active-speaker networks, written anew from their descriptions.

Names of weights are those of the checkpoints. Each is put together from shared parts and is used the same way:
`encode_video` for faces, `encode_audio` for sound, `fuse` for logits.
"""

from studio.models.speaker.networks.loconet import LoCoNet
from studio.models.speaker.networks.separable import LightAsd, LrAsd
from studio.models.speaker.networks.talknet import TalkNet

__all__ = ["LightAsd", "LoCoNet", "LrAsd", "TalkNet"]
