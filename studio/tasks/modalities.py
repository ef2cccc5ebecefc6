"""What a detector of a label goes by: what frames show, or also, or instead, another modality of the same video."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Modality:
    """`key` begins or ends the key of what a detector reads, another one where its samples are other ones; `name` is
    what JSON calls it; `by` and `beside` complete “learned by …” for it alone and with frames; `needs` is what a video
    must have, and `cure` how it gets that."""

    key: str
    name: str
    by: str
    beside: str
    needs: str
    cure: str


VISION = "vision"  # what JSON calls an encoder's frame vectors
SOUND = Modality(
    "sound@1", "audio", "the sound", "how they look and sound",
    "a sound that can be read", "add what has one, and index it",
)  # fmt: skip
TRANSCRIPT = Modality(
    "transcript@1", "transcript", "what is said", "how they look and what is said",
    "a transcript", "write down what is said: studio transcribe",
)  # fmt: skip
SCREEN_TEXT = Modality(
    "screen-text@1", "screen_text", "what is written on the screen", "how they look and what is written there",
    "text that was read on its screen", "read it: studio read",
)  # fmt: skip
PEOPLE = Modality(
    "people@1", "people", "who speaks and what faces express", "how they look, who speaks and what faces express",
    "speakers or emotions that were looked for", "find them: studio speakers, studio emotions",
)  # fmt: skip
MODALITIES = (SOUND, TRANSCRIPT, SCREEN_TEXT, PEOPLE)


def beside(vision: str, modality: Modality) -> str:
    """The key of the vectors of an encoder, by its key, with a modality's samples beside them."""
    return f"{vision}+{modality.key}"


def vision_key(read: str) -> str:
    """Whose frame vectors are among what a detector of the key `read` reads; "" where it goes by no frames."""
    modality = modality_of(read)
    if modality is None:
        return read
    return "" if read == modality.key else read.removesuffix(beside("", modality))


def modality_of(read: str) -> Modality | None:
    """What a detector reads beside frames or instead of them."""
    return next((each for each in MODALITIES if read == each.key or read.endswith(beside("", each))), None)


def names(read: str) -> list[str]:
    """What JSON calls all that a detector goes by."""
    modality = modality_of(read)
    return [VISION] * bool(vision_key(read)) + ([] if modality is None else [modality.name])
