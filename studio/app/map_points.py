"""The points of the map as bytes: short enough, and read at once, for a hundred thousand of them."""

import json

from studio.service.library_map import MapPoints

ALIGNED = 8  # bytes, at a multiple of which each array begins


def packed(points: MapPoints) -> bytes:
    """A uint32 that says how long the JSON after it is, the JSON, and after blanks the arrays, little-endian.

    The JSON is `facts` with the `ids`, and `arrays`: the name, the type (as numpy calls it) and the number of values of
    each, in their order; each begins at a multiple of ALIGNED bytes.
    """
    arrays = {
        "start": points.spans[:, 0].astype("<f8"), "end": points.spans[:, 1].astype("<f8"),
        "x": points.positions[:, 0].astype("<f4"), "y": points.positions[:, 1].astype("<f4"),
        "video": points.video.astype("<u4"), "label": points.label.astype("<u4"),
        "cluster": points.cluster.astype("<i2"), "kind": points.kind.astype("u1"), "sure": points.sure.astype("u1"),
    }  # fmt: skip
    listed = [[name, array.dtype.name, len(array)] for name, array in arrays.items()]
    head = json.dumps({**points.facts, "ids": points.ids, "arrays": listed}).encode()
    parts = [len(head).to_bytes(4, "little") + head, *(array.tobytes() for array in arrays.values())]
    return b"".join(part.ljust(-(-len(part) // ALIGNED) * ALIGNED) for part in parts)
