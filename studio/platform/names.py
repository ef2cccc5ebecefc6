"""Names for files that every disk takes: those of Windows know fewer characters, and some names are devices there."""

LONGEST = 150  # bytes of the name of a file, without its ending; disks take 255
_KEPT = " -_.()&,+"  # besides letters and digits of all scripts
_DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{port}{digit}" for port in ("COM", "LPT") for digit in "0123456789¹²³")}


def file_name(text: str) -> str:
    """A text as the name of a file, without an ending: nothing in it that a path, a terminal or a disk could take for
    more than a name."""
    name = cut("".join(c if c.isalnum() or c in _KEPT else "_" for c in text).strip(" ."), LONGEST).rstrip(" .")
    # NUL.txt and “NUL .txt” are the device, too
    return f"_{name}" if name.partition(".")[0].rstrip().upper() in {*_DEVICES, ""} else name


def cut(text: str, most: int) -> str:
    """What fits of a text into so many bytes of UTF-8, in whole characters."""
    return text.encode()[:most].decode(errors="ignore")
