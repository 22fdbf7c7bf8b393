"""What the scripts share: numbers and tensors as JSON, and the compressed files that the crate reads."""

import gzip
import json
import math
from pathlib import Path

CASES = Path(__file__).resolve().parent.parent / "crates" / "conformance" / "cases"


def number(x):
    """A number; NaN and infinities, which JSON has not, as texts."""
    x = float(x)
    if math.isnan(x):
        return "nan"
    if math.isinf(x):
        return "inf" if x > 0 else "-inf"
    return int(x) if x == int(x) and abs(x) < 2**53 else x


def numbers(xs):
    return [number(x) for x in xs]


def tensor(x):
    """A tensor of PyTorch or an array of NumPy, row-major."""
    array = x.detach().cpu().numpy() if hasattr(x, "detach") else x
    return {"shape": list(array.shape), "values": numbers(array.ravel())}


def write(name, source, cases, **more):
    """Writes `cases/<name>.json.gz`, with more entries of the file if there are; the same cases give the same bytes."""
    CASES.mkdir(exist_ok=True)
    text = json.dumps({"source": source, "cases": cases, **more}, separators=(",", ":"))
    path = CASES / f"{name}.json.gz"
    path.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
    print(f"{path.name}: {len(cases)} cases, {path.stat().st_size} bytes")


# What the optimizers go down: a sum over groups of four weights, with its gradient written out,
#     f = (x0 - 1)^2 / 2 + 50 (x1 + 0.5)^2 + (1 - x2)^2 / 4 + 5 (x3 - x2^2)^2
VALLEY_START = [3.0, 1.5, -0.7, 0.4]


def valley(x):
    x0, x1, x2, x3 = (float(v) for v in x)
    return (x0 - 1.0) ** 2 / 2.0 + 50.0 * (x1 + 0.5) ** 2 + (1.0 - x2) ** 2 / 4.0 + 5.0 * (x3 - x2 * x2) ** 2


def valley_gradient(x):
    def of_four(x):
        x0, x1, x2, x3 = (float(v) for v in x)
        bend = x3 - x2 * x2
        return [x0 - 1.0, 100.0 * (x1 + 0.5), (x2 - 1.0) / 2.0 - 20.0 * x2 * bend, 10.0 * bend]

    return [g for i in range(0, len(x), 4) for g in of_four(x[i : i + 4])]


# Matrices, tall, wide and square, and a vector, one after the other, as `[inputs, outputs]`.
SHAPES = [[4, 2], [2, 6], [2, 2], [4]]
SHAPES_START = [x * factor for factor in (1.0, -0.6, 0.8, 0.5, -0.9, 0.7, 0.4) for x in VALLEY_START]


def rounded(x):
    """Fourteen digits: a hundredth of the tolerance, and a smaller file."""
    return float(f"{x:.13e}")


def text(name, settings):
    """An entry with its settings, as chainrule reads it."""

    def value(x):
        return str(x).lower() if isinstance(x, bool) else x if isinstance(x, str) else repr(x)

    inside = ", ".join(f"{key}={value(x)}" for key, x in settings.items())
    return f"{name}({inside})" if inside else name


def path_case(config, start, path, shapes=None):
    """The weights after each step; of parameters of some shapes, if they count."""
    case = {"name": config, "config": config, "start": start, "path": [rounded(x) for row in path for x in row]}
    return {**case, "shapes": shapes} if shapes else case
