"""Damaged annotation files of every format end in what can be read of them, or in a sentence."""

import random
import re
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath

import pytest

from studio.config import Limits
from studio.errors import FormatError, UsageError
from studio.formats import FORMATS, archive, place
from studio.formats.reading import bounded
from studio.timeline import Annotation, Segment, Timeline
from tests.conftest import SHARED
from tests.formats.conftest import HOURS, STEADY

FIELD = SHARED / "field"
S = 1_000_000
PIECES = (
    b"<", b">", b"&", b'"', b"'", b"{", b"}", b"[", b"]", b",", b";", b"\t", b"\n", b"\r\n", b"\0", b" ", b"-->", b"-",
    b"1e999", b"-1", b"99999999999999999999", b"NaN", b"null", b"true", b"\xff\xfe", b"\xed\xa0\x80", b"\xef\xbb\xbf",
    b"<!DOCTYPE r>", b"PK\x03\x04", b"TIME_SLOT_REF1", b"\"start\":", b"%s%n", "é\u202e\U0001f469".encode(),
)  # fmt: skip
Seed = tuple[str, bytes]


def _written() -> Iterator[Seed]:
    """A file of every format that we write, with everything in it."""
    made = tuple(
        Annotation(f"a{n}", Segment((2 * n + 1) * S, (2 * n + 2) * S), "Ann" if n % 2 else "Bob",
                   "SPEAKING_AUDIBLE" if n % 3 else "été, “b”", "a note", annotator="Zoe", attributes={"hand": [n]})
        for n in range(6)
    )  # fmt: skip
    boxes = {who: tuple((t * S, 0.1, 0.1, 0.5, 0.5) for t in range(1, 14)) for who in ("Ann", "Bob")}
    timeline = Timeline(STEADY, made, {a.id: 0.5 for a in made}, boxes, ((S, 2 * S, "words"),))
    for form in FORMATS.values():
        if form.write and form.read:
            yield f"{form.name}{form.extension}", form.write([timeline])


def _field() -> Iterator[Seed]:
    """What other people wrote; subtitles, TextGrids and the rest of it."""
    endings = {form.extension.lower() for form in FORMATS.values() if form.read} | {".ass"}
    for path in sorted(FIELD.rglob("*")) if FIELD.exists() else ():
        if path.suffix.lower() in endings:
            yield path.name, path.read_bytes()


def _damaged(data: bytes, others: list[Seed], dice: random.Random) -> bytes:
    """A file with a few pieces cut out, doubled, replaced or brought from another one; of archives mostly inside."""
    if archive.is_zip(data) and dice.random() < 0.8:
        files = archive.unpack(data)
        name = dice.choice(sorted(files))
        return archive.pack({**files, name: _damaged(files[name], others, dice)})
    for _ in range(dice.choice((1, 1, 2, 4))):
        at = dice.randrange(len(data) + 1)
        end = min(len(data), at + dice.choice((0, 1, 3, 20, 400)))
        kind = dice.randrange(7)
        if kind == 0:
            piece = b""
        elif kind == 1:
            piece = data[at:end] * dice.choice((2, 3, 50))
        elif kind == 2:
            piece = dice.choice(PIECES)
        elif kind == 3:
            other = dice.choice(others)[1]
            begin = dice.randrange(len(other) + 1)
            piece = other[begin : begin + 200]
        elif kind == 4:
            return data[:at]
        elif kind == 5 and (numbers := list(re.finditer(rb"\d+", data[at : at + 2_000]))):
            found = dice.choice(numbers)
            at, end = at + found.start(), at + found.end()
            piece = dice.choice((b"0", b"-5", b"1e9", b"1e400", b"12345678901234567890", b"x", b"", b"0.1"))
        else:
            piece = bytes(dice.randrange(256) for _ in range(end - at))
        data = data[:at] + piece + data[end:]
    return data


@contextmanager
def _within(seconds: int) -> Iterator[None]:
    """Fails where something does not come to an end."""

    def stop(*_: object) -> None:
        raise TimeoutError("it hangs")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _try(name: str, data: bytes) -> int:
    """Read a file by every format that its name allows, as an import does; returns how many segments there were."""
    found = 0
    ending = PurePath(name).suffix.lower()
    for form in FORMATS.values():
        if form.read and form.extension.lower() == ending:
            try:
                with bounded(Limits().import_marks):
                    parts = form.read(data, name)
                for part in parts:
                    assert all(said.strip() and "\n" not in said[-1] for said in part.problems)
                    for footage in (STEADY, HOURS):
                        found += len(place(part, footage).marks)
            except (FormatError, UsageError) as error:
                assert str(error).strip()
    return found


def _fuzz(folder: Path, count: int, largest: int, seed: int) -> int:
    dice = random.Random(seed)
    seeds = [(name, data) for name, data in (*_written(), *_field()) if len(data) <= largest]
    found = 0
    for number in range(count):
        name, data = seeds[number % len(seeds)]
        damaged = _damaged(data, seeds, dice)
        try:
            with _within(60):
                found += _try(name, damaged) > 0
        except Exception as error:
            kept = folder / name
            kept.write_bytes(damaged)
            raise AssertionError(f"{name}, number {number}, kept as {kept}: {error!r}") from error
    return found


def test_damaged_files_end_in_a_result_or_a_sentence(tmp_path: Path) -> None:
    assert _fuzz(tmp_path, 400, 60_000, 1) > 100


@pytest.mark.release
def test_ten_thousand_damaged_files_end_in_a_result_or_a_sentence(tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert _fuzz(tmp_path, 10_000, 4_000_000, 2) > 2_500
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before  # kB on Linux
    assert grown < 1_000_000, f"{grown >> 10} MB"
