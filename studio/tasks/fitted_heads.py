"""Grounding engines whose trained head was trained for the encoder at hand, where the library has such a one."""

from studio import models
from studio.tasks.context import TaskContext

HEAD = "trained-head"


def fitted_name(engine: str, encoder: str) -> str:
    """What an engine that was trained for an encoder is called."""
    return f"{engine}-{encoder}"


def fitted(context: TaskContext, engine: str | None, encoder: str) -> tuple[str | None, str]:
    """The engine to ask about an encoder's embeddings: the library's own that was trained for it, else the one that was
    wanted (None: the default), with a sentence where its head was trained for another encoder."""
    folder = context.settings.models
    known = {card.name: card for card in models.cards("grounding", folder)}
    wanted = engine or models.card("grounding").name
    own = fitted_name(wanted, encoder)
    if own in known:
        return own, ""
    card = known.get(wanted)
    default = models.card("text_video").name
    if encoder == default or card is None or HEAD not in (card.name, *card.members):
        return engine, ""
    return engine, (
        f"{wanted} was trained with {default}, and there is no head for {encoder} yet, so it is used as it is; "
        f"train one with: python -m studio.recipes.grounding_head --encoder {encoder} --data DIR --cache DIR"
    )
