"""On how many threads of a process models compute, where somebody bounds it."""

_most = 0
_without_bound = 0  # torch's own choice


def use_threads(most: int) -> None:
    """Compute on at most so many threads from now on; 0: on as many as torch and ONNX Runtime choose. A model of ONNX
    Runtime that is loaded keeps its threads."""
    global _most, _without_bound
    if most == _most:
        return
    import torch  # nothing was bounded before, and nothing is now: then nobody waits for this

    _without_bound = _without_bound or torch.get_num_threads()
    torch.set_num_threads(most or _without_bound)
    _most = most


def most_threads() -> int:
    """The bound; 0 where there is none."""
    return _most
