"""How names of videos are compared, and what folder a path is in, as the database keeps both."""

import re
import unicodedata

_NUMBER = re.compile(r"\d+")
_LONGEST = 15  # digits of a number that counts as one; a hash is no number


def natural(name: str) -> str:
    """A text that sorts as people count: "Take 2.mp4" before "take 10.mp4"."""
    return _NUMBER.sub(lambda found: found[0].zfill(_LONGEST), unicodedata.normalize("NFC", name).casefold())


def folded(text: str) -> str:
    """A text for finding: without case, composed."""
    return unicodedata.normalize("NFC", text).casefold()


def folder_of(path: str) -> str:
    """The folder of a path with slashes, "/" at its end: "/films/2024/"; of a bare name ""."""
    plain = path.replace("\\", "/") if re.match(r"^([A-Za-z]:[\\/]|\\\\)", path) else path
    return plain[: plain.rfind("/") + 1]
