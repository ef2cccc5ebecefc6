"""Zip archives of small text files. Names in an archive are data: nothing is ever written to disk under them."""

import io
import stat
import zipfile
import zlib
from collections.abc import Mapping

from studio.errors import FormatError, UnsafeFormat

MOST_ENTRIES = 2_000
MOST_BYTES = 256 * 2**20
MOST_RATIO = 200
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same content must give the same archive


def is_zip(data: bytes) -> bool:
    """Whether the bytes begin as an archive does."""
    return data.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def unpack(data: bytes) -> dict[str, bytes]:
    """Name → content of every file. All bounds are checked on the directory before anything is unpacked, and again on
    what comes out.

    Raises UnsafeFormat, FormatError.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            _check(entries)
            found, left = {}, MOST_BYTES
            for entry in entries:
                if not entry.is_dir():
                    with archive.open(entry) as stream:
                        found[entry.filename] = content = stream.read(min(left, entry.file_size) + 1)
                    left -= len(content)
                    if len(content) > entry.file_size or left < 0:
                        raise UnsafeFormat("An entry of this archive is larger than it says; pack it again.")
            return found
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError):
        raise FormatError("This archive is damaged or packed in an unusual way; pack it again as plain zip.") from None


def _check(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MOST_ENTRIES:
        raise UnsafeFormat(f"This archive has {len(entries)} entries and the limit is {MOST_ENTRIES}; split it.")
    if len({entry.filename for entry in entries}) < len(entries):
        raise UnsafeFormat("This archive has two entries of one name; pack it again.")
    for entry in entries:
        name = entry.filename
        if name.startswith(("/", "\\")) or ":" in name or "\0" in name or ".." in name.replace("\\", "/").split("/"):
            raise UnsafeFormat("An entry of this archive points out of its folder; pack it again.")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise UnsafeFormat("This archive holds a link to another file; pack the file itself.")
        if entry.flag_bits & 0x1:
            raise FormatError("This archive is encrypted; pack it again without a password.")
        if name.lower().endswith((".zip", ".gz", ".7z", ".rar")):
            raise UnsafeFormat("This archive holds another archive; unpack that one and import its files.")
        if entry.file_size > 1_000_000 and entry.file_size > MOST_RATIO * max(1, entry.compress_size):
            raise UnsafeFormat("This archive unpacks to far more than it should; pack it again.")
    if sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise UnsafeFormat(f"This archive unpacks to more than {MOST_BYTES >> 20} MB; split it.")


def pack(files: Mapping[str, bytes]) -> bytes:
    """An archive with these files; the same files give the same bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(info, content)
    return target.getvalue()
