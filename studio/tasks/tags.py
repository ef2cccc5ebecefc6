"""What a question names: objects, their attributes, and actions, each a text that can be looked for by itself.

After Tag-Align (Liu et al. 2023, arXiv 2312.14149), where tags parsed from a caption are compared with pictures one by
one: of “a red car” it shows whether the car or the red was not found. English and German, by their parts of speech.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

Kind = Literal["object", "attribute", "action"]
_WORD = re.compile(r"\w[\w'’-]*", re.UNICODE)
_GERMAN = re.compile(
    r"[äöüß]|\b(ein|eine|einen|einem|einer|eines|der|die|das|den|dem|und|mit|auf|im|am|ist|sind|wird|zwei|drei|frau|mann)\b",
    re.IGNORECASE,
)
# The first letters of the tags of HanTa's two models (BNC's C5 and STTS) say what a word is.
_NOUN, _ADJECTIVE, _VERB = ("NN", "NP", "NE"), ("AJ", "ADJ"), ("VV",)
MOST = 8  # tags of one question


@dataclass(frozen=True, slots=True)
class Tag:
    """A part of a question: `word` as it stands there, and `text`, what to compare a picture with: for an attribute
    together with its object, because “red” alone is no picture."""

    word: str
    kind: Kind
    text: str


def parse_tags(text: str) -> list[Tag]:
    """The tags of a question in their order, at most MOST, each text once; empty where it has no such words."""
    words = _WORD.findall(text)
    kinds = [_kind(tag) for tag in _parts_of_speech(words, bool(_GERMAN.search(text)))]
    found: list[Tag] = []
    for first, last in _noun_phrases(kinds):
        start = next(i for i in range(first, last) if kinds[i] == "object")
        noun = " ".join(words[start:last])
        found += [Tag(words[i], "attribute", f"{words[i]} {noun}") for i in range(first, start)]
        found.append(Tag(noun, "object", noun))
    found += [Tag(words[i], "action", words[i]) for i, kind in enumerate(kinds) if kind == "action"]
    places = {word: i for i, word in reversed(list(enumerate(words)))}
    found.sort(key=lambda tag: places[tag.word.split()[0]])
    return list({tag.text.lower(): tag for tag in reversed(found)}.values())[::-1][:MOST]


def _noun_phrases(kinds: list[Kind | None]) -> list[tuple[int, int]]:
    """Ranges [first, last) of nouns in a row with the adjectives right before them."""
    found, first = [], 0
    for i, kind in enumerate([*kinds, None]):
        if kind == "attribute" and i and kinds[i - 1] == "object":
            found.append((first, i))
            first = i
        elif kind not in ("object", "attribute"):
            if i and kinds[i - 1] == "object":
                found.append((first, i))
            first = i + 1
    return found


def _kind(tag: str) -> Kind | None:
    if tag.startswith(_NOUN):
        return "object"
    if tag.startswith(_ADJECTIVE):
        return "attribute"
    return "action" if tag.startswith(_VERB) else None


def _parts_of_speech(words: list[str], german: bool) -> list[str]:
    return [tag for _, _, tag in _tagger("morphmodel_ger.pgz" if german else "morphmodel_en.pgz").tag_sent(words)]


@cache
def _tagger(model: str) -> Any:
    from HanTa.HanoverTagger import HanoverTagger  # reading its model takes a second

    return HanoverTagger(model)


__all__ = ["Tag", "parse_tags"]
