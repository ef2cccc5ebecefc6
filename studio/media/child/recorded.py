"""When a file says that it was recorded."""

import re
from typing import Any

_DAY_US = 24 * 3600 * 1_000_000


def recorded(container: Any) -> dict[str, Any]:
    """`created`, the moment as ISO 8601 says it in UTC, to the second ("" where the file has none), and
    `since_midnight_us`, the clock of the recorder at the first sample, of a Broadcast Wave (EBU Tech 3285:
    TimeReference), or None."""
    said = {key.lower(): str(value).strip() for key, value in container.metadata.items()}
    created = re.match(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)?(Z|\+00:?00)?$", said.get("creation_time", ""))
    return {
        "created": f"{created[1]}T{created[2]}+00:00" if created else "",
        "since_midnight_us": _reference_us(container, said.get("time_reference", "")),
    }


def _reference_us(container: Any, said: str) -> int | None:
    """Samples since midnight as µs; 0 is what programs write that know no time."""
    if not re.fullmatch(r"[0-9]{1,15}", said) or not int(said):
        return None
    sounds = (stream.codec_context for stream in container.streams if stream.type == "audio")
    rate = next((context.sample_rate for context in sounds if context), 0)  # there may be no decoder for it
    since = int(said) * 1_000_000 // int(rate) if rate else _DAY_US
    return since if since < _DAY_US else None
