"""How often work of this process left an accelerator that was out of memory; in a file of its own, without torch."""

_times = 0


def fell() -> None:
    """Some work went to the CPU instead."""
    global _times
    _times += 1


def falls() -> int:
    """How often that was, since the process began."""
    return _times
