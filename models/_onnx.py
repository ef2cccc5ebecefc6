"""One ONNX Runtime session from bytes that were checked before."""

from typing import Any

from studio.models._threads import most_threads


def session(onnx: bytes, device: str) -> Any:
    """An InferenceSession on `device`; CUDA only where this build of ONNX Runtime has it."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = most_threads()
    options.log_severity_level = 3  # the files' redundant initialisers are not the reader's concern
    providers = ["CPUExecutionProvider"]
    if device.startswith("cuda") and "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        providers.insert(0, "CUDAExecutionProvider")
    return onnxruntime.InferenceSession(onnx, sess_options=options, providers=providers)
