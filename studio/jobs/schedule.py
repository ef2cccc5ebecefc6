"""When the queue may begin something: unless somebody paused it, and within the hours that were set for it.

What runs then is finished. What a person asks for after that is done all the same (`asked` of a job).
"""

import re
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from studio.errors import UsageError
from studio.store import preferences

Clock = Callable[[], datetime]
_HOURS = re.compile(r"\s*(\d{1,2}):(\d\d)\s*[-–]\s*(\d{1,2}):(\d\d)\s*")


def local_now() -> datetime:
    """Now, by the clock and the time zone of this machine."""
    return datetime.now().astimezone()


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of each day, from `begin` until before `end`, by the clock on the wall; over midnight where that is
    earlier."""

    begin: time
    end: time

    @staticmethod
    def parse(text: str) -> "Hours":
        """Of “20:00-07:00”. Raises UsageError."""
        try:
            match = _HOURS.fullmatch(text)
            if match is None:
                raise ValueError
            hour, minute, last_hour, last_minute = map(int, match.groups())
            hours = Hours(time(hour, minute), time(last_hour, last_minute))
        except ValueError:
            raise UsageError(f"“{text}” are no hours of the day; write them like 20:00-07:00.") from None
        if hours.begin == hours.end:
            raise UsageError("The hours begin and end at the same time; leave them out to work all day.")
        return hours

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"

    def closed_since(self, now: datetime) -> datetime | None:
        """When they were over last, None within them. `now` has a time zone."""
        at = now.time()
        within = self.begin <= at < self.end if self.begin < self.end else at >= self.begin or at < self.end
        if within:
            return None
        day = now.date() if at >= self.end else now.date() - timedelta(days=1)
        return datetime.combine(day, self.end, now.tzinfo)

    def opens(self, now: datetime) -> datetime:
        """When they begin next."""
        day = now.date() if now.time() < self.begin else now.date() + timedelta(days=1)
        return datetime.combine(day, self.begin, now.tzinfo)


def hours(db: sqlite3.Connection) -> Hours | None:
    """The hours that were set; None for all day."""
    text = preferences.text(db, preferences.QUEUE_HOURS)
    try:
        return Hours.parse(text) if text else None
    except UsageError:  # another program wrote it
        return None


def paused_since(db: sqlite3.Connection) -> str:
    """When somebody paused the queue, in UTC; empty where it goes on."""
    return preferences.text(db, preferences.QUEUE_PAUSED)


def held_since(db: sqlite3.Connection, now: datetime) -> str | None:
    """Since when the queue begins nothing that was asked for earlier, in UTC as the store writes it; None while it goes
    on."""
    set_hours = hours(db)
    closed = set_hours.closed_since(now) if set_hours else None
    closed_text = closed.astimezone(UTC).isoformat(timespec="milliseconds") if closed else ""
    return max(paused_since(db), closed_text) or None


def is_held(job: Mapping[str, Any], since: str | None) -> bool:
    """Whether a job waits while the queue is held."""
    return since is not None and job["state"] == "queued" and not (job["asked"] and job["asked"] > since)
