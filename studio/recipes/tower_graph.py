"""Write `weights/studio-lite-tower.onnx`: `python -m studio.recipes.tower_graph`, with the packages onnx and torch.

It is the computation of studio-lite's image tower without its weights, which the model gives to ONNX Runtime when it is
loaded: the package's, and those that were tuned. So it has to be written anew only where the layers change.
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
import torch

from studio.models.registry import WEIGHTS
from studio.models.text_video.efficientnet import SIDE, EfficientNetLite2
from studio.models.text_video.image_tower import PIXELS, REGIONS, fold, on_grid


class _Regions(EfficientNetLite2):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return on_grid(super().forward(x))


def graph() -> bytes:
    """An ONNX model whose initializers are named as the folded network's weights and lie outside."""
    net = fold(_Regions())
    for number, weight in enumerate(net.parameters()):  # equal ones would become one
        torch.nn.init.constant_(weight, number + 1)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "graph.onnx"
        torch.onnx.export(
            net, (torch.zeros(1, 3, SIDE, SIDE),), file, input_names=[PIXELS], output_names=[REGIONS],
            dynamic_axes={PIXELS: {0: "frames"}, REGIONS: {0: "frames"}}, opset_version=17, dynamo=False,
            do_constant_folding=False,
        )  # fmt: skip
        model = onnx.load_model(file)
    for weight in model.graph.initializer:
        count = len(weight.raw_data)
        weight.ClearField("raw_data")
        weight.data_location = onnx.TensorProto.EXTERNAL
        for key, value in (("location", "weights"), ("offset", "0"), ("length", str(count))):
            weight.external_data.add(key=key, value=value)
    for node in model.graph.node:
        node.ClearField("doc_string")
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=WEIGHTS / "studio-lite-tower.onnx")
    options = parser.parse_args()
    options.out.write_bytes(graph())


if __name__ == "__main__":
    main()
