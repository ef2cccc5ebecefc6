"""One ONNX Runtime session from bytes that were checked before."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from studio.models._threads import most_threads


def session(onnx: bytes, device: str, weights: Mapping[str, npt.NDArray[np.float32]] | None = None) -> Any:
    """An InferenceSession on `device`; CUDA only where this build of ONNX Runtime has it. `weights` are those that lie
    outside the file, by their names."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = most_threads()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # the decoder needs the processor, too
    options.log_severity_level = 3  # the files' redundant initialisers are not the reader's concern
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(value) for value in (weights or {}).values()]
    options.add_external_initializers(list(weights or {}), values)
    providers = ["CPUExecutionProvider"]
    if device.startswith("cuda") and "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        providers.insert(0, "CUDAExecutionProvider")
    made = onnxruntime.InferenceSession(onnx, sess_options=options, providers=providers)
    made.weights = values  # it reads them where they lie
    return made
