"""The 27 non-linear regression problems of NIST's Statistical Reference Datasets, with certified values.

Run with the folder that holds the 27 `.dat` files, as NIST publishes them
(https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml): in the source archive of the Python package lmfit 1.3.4 it
is `NIST_STRD`. The data are works of the government of the United States, in the public domain. Numbers are read and
written; nothing is computed.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from common import numbers, write  # noqa: E402

FILES = 27


def main(folder):
    files = sorted(Path(folder).glob("*.dat"))
    assert len(files) == FILES, f"{folder} has {len(files)} files, not {FILES}"
    write("nist_least_squares", "NIST StRD (non-linear regression)", [c for file in files for c in cases(file)])


def cases(file):
    """A case for each of the two starts."""
    lines = file.read_text().splitlines()
    rows = [line.split("=")[1].split() for line in lines[40:60] if line.strip().startswith("b") and "=" in line]
    first, second, certified, errors = zip(*rows)
    value = lambda label: next(line.split(":")[1] for line in lines if line.startswith(label))
    data = [line.split() for line in lines[60:] if line.strip()]
    assert len(data) == int(value("Number of Observations"))
    y, *x = zip(*data)
    case = {
        "model": file.stem,
        "x": [numbers(column) for column in x],
        "y": numbers(y),
        "parameters": numbers(certified),
        "errors": numbers(errors),
        "sum_of_squares": float(value("Residual Sum of Squares")),
        "deviation": float(value("Residual Standard Deviation")),
    }
    starts = [("far", first), ("near", second)]
    return [{"name": f"{file.stem}, {name} start", "start": numbers(start), **case} for name, start in starts]


if __name__ == "__main__":
    main(sys.argv[1])
