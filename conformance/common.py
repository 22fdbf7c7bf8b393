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
