"""How often work of this process left an accelerator that was out of memory; in a file of its own, without torch."""

_times = 0


def count_oom_fallback() -> None:
    """Some work went to the CPU instead."""
    global _times
    _times += 1


def oom_fallbacks() -> int:
    """How often that was, since the process began."""
    return _times
