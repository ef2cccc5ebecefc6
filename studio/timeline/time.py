"""Conversions at the edges: JSON, the command line and the browser speak seconds; everything inside speaks µs."""

from studio.errors import UsageError

MICROS = 1_000_000
MOST_SECONDS = 1_000_000_000  # thirty years; their µs fit every integer there is


def us(seconds: float) -> int:
    """Seconds → integer µs, to the nearest.

    Raises UsageError for NaN, infinities and numbers beyond all videos, which JSON readers let through.
    """
    if not abs(seconds) <= MOST_SECONDS:  # also true for NaN
        raise UsageError(f"A time must be a number of seconds, up to {MOST_SECONDS:,}.")
    return round(seconds * MICROS)


def seconds(us: int) -> float:
    """Integer µs → seconds; exact to the µs for any video shorter than centuries."""
    return us / MICROS


def clock(us: int) -> str:
    """µs → "1:02:03.456", the way people read it; hours only when there are any."""
    millis, sign = (abs(us) + 500) // 1000, "-" if us < 0 else ""
    hours, rest = divmod(millis, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    whole, fraction = divmod(rest, 1000)
    head = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{sign}{head}:{whole:02d}.{fraction:03d}"
