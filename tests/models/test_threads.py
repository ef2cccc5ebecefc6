"""Models compute on as many threads as they are allowed, and get all back."""

from types import SimpleNamespace

import pytest
import torch

from studio.models import _threads, use_threads
from studio.models._threads import most_threads


def test_a_bound_holds_until_it_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_threads, "_without_bound", 0)  # nothing was bounded before
    first = torch.get_num_threads()
    torch.set_num_threads(before := 2)
    try:
        use_threads(1)
        assert (torch.get_num_threads(), most_threads()) == (1, 1)
    finally:
        use_threads(0)
    assert (torch.get_num_threads(), most_threads()) == (before, 0)
    torch.set_num_threads(first)


def test_a_session_of_onnx_runtime_has_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    import onnxruntime

    from studio.models import _onnx

    asked: list[int] = []
    monkeypatch.setattr(
        onnxruntime,
        "InferenceSession",
        lambda onnx, sess_options, providers: asked.append(sess_options.intra_op_num_threads) or SimpleNamespace(),
    )
    try:
        use_threads(1)
        _onnx.session(b"", "cpu")
    finally:
        use_threads(0)
    _onnx.session(b"", "cpu")
    assert asked == [1, 0]
