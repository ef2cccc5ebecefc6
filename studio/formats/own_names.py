"""Names of attributes for formats in which some of ours stand for something else, as the note of a segment: such a name
is written with a suffix, which reading takes away again."""

from collections.abc import Collection

_SUFFIX = " (attribute)"


def apart(name: str, ours: Collection[str]) -> str:
    """The name of an attribute as a file has it, whose own names are `ours`, in small letters."""
    return name + _SUFFIX if _is_like(name, ours) else name


def together(name: str, ours: Collection[str]) -> str:
    """The inverse of `apart`."""
    bare = name.removesuffix(_SUFFIX)
    return bare if bare != name and _is_like(bare, ours) else name


def _is_like(name: str, ours: Collection[str]) -> bool:
    while name.endswith(_SUFFIX):  # one that is called so itself gets one more
        name = name.removesuffix(_SUFFIX)
    return name.lower() in ours
