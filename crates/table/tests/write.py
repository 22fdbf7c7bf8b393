"""Writes the small files in `written/` with the programs that users write theirs with.

    pip install numpy==2.* pandas==3.* polars==1.* duckdb==1.* scikit-learn==1.* scipy==1.* pyarrow fastparquet pillow
    python crates/table/tests/write.py

Every file holds the same table: 12 samples, `size` with a missing value at sample 3, `count`,
`town` with a missing value at sample 5 (in formats that have missing texts), and `kind`, which is
predicted. Formats of numbers alone hold `size` (0 where it is missing), `count` and `kind`.
"""

import datetime
import decimal
import gzip
import struct
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
from PIL import Image
from sklearn.datasets import dump_svmlight_file

folder = Path(__file__).parent / "written"
folder.mkdir(exist_ok=True)

size = [0.5 * i + 0.25 for i in range(12)]
size[3] = None
count = [(7 * i) % 5 for i in range(12)]
town = [["Ulm", "Bern, CH", 'St. "Gallen"'][i % 3] for i in range(12)]
town[5] = None
kind = [i % 2 for i in range(12)]

pandas = pd.DataFrame({"size": size, "count": count, "town": town, "kind": kind})
polars = pl.DataFrame({"size": size, "count": count, "town": town, "kind": kind})

pandas.to_csv(folder / "pandas.csv")
pandas.to_csv(folder / "pandas_plain.csv.gz", index=False, compression={"method": "gzip", "mtime": 0})
pandas.to_csv(folder / "pandas_german.csv", index=False, sep=";", decimal=",")
pandas.to_csv(folder / "pandas_utf16.csv", index=False, encoding="utf-16")
polars.write_csv(folder / "polars.csv")
duckdb.sql("select * from polars").write_csv(str(folder / "duckdb.csv"))

numbers = np.array([[0.0 if s is None else s, c, k] for s, c, k in zip(size, count, kind)])
np.savetxt(folder / "numpy.txt", numbers)
np.savetxt(folder / "numpy_named.csv", numbers, delimiter=",", header="size,count,kind")
np.save(folder / "numpy.npy", numbers)
np.save(folder / "numpy_fortran.npy", np.asfortranarray(numbers.astype(">f4")))
structured = np.array(
    list(zip(numbers[:, 0], count, [t or "" for t in town], kind)),
    dtype=[("size", "<f8"), ("count", "<i2"), ("town", "<U12"), ("kind", "u1")],
)
np.save(folder / "numpy_structured.npy", structured)
np.savez(folder / "numpy.npz", y=np.array(kind), X=numbers[:, :2])
np.savez_compressed(folder / "numpy_packed.npz", X=numbers[:, :2].astype("f2"), y=np.array(kind) == 1)
cube = np.arange(12 * 2 * 3).reshape(12, 2, 3)
np.save(folder / "numpy_cube.npy", cube)
np.save(folder / "numpy_cube_fortran.npy", np.asfortranarray(cube.astype("u1")))

dump_svmlight_file(numbers[:, :2], np.array(kind), str(folder / "sklearn.svm"), zero_based=False)
dump_svmlight_file(
    numbers[:, :2],
    np.array([[i % 2, i % 3 == 0] for i in range(12)]),
    str(folder / "sklearn_labels.svm"),
    zero_based=True,
    multilabel=True,
)

pictures = np.arange(12 * 2 * 2, dtype="u1").reshape(12, 2, 2)
with gzip.GzipFile(folder / "train-images-idx3-ubyte.gz", "wb", mtime=0) as file:
    file.write(struct.pack(">BBBBIII", 0, 0, 8, 3, 12, 2, 2) + pictures.tobytes())
with gzip.GzipFile(folder / "train-labels-idx1-ubyte.gz", "wb", mtime=0) as file:
    file.write(struct.pack(">BBBBI", 0, 0, 8, 1, 12) + bytes(kind))

pandas.to_parquet(folder / "pandas.parquet")
pandas.iloc[[0, 1, 2, 4, 3, 5, 6, 7, 8, 9, 10, 11]].to_parquet(folder / "pandas_index.parquet", compression="lz4")
pandas.to_parquet(folder / "fastparquet.parquet", engine="fastparquet", compression="gzip")
polars.write_parquet(folder / "polars.parquet")
polars.write_parquet(folder / "polars_plain.parquet", compression="uncompressed", row_group_size=5)
duckdb.sql("select * from polars").write_parquet(str(folder / "duckdb.parquet"))

start = datetime.datetime(2020, 1, 1, 12, 30)
types = pl.DataFrame(
    {
        "day": [datetime.date(2020, 1, 1) + datetime.timedelta(days=i) for i in range(11)] + [None],
        "ms": pl.Series([start + datetime.timedelta(milliseconds=i) for i in range(12)], dtype=pl.Datetime("ms")),
        "us": pl.Series([start + datetime.timedelta(microseconds=i) for i in range(12)], dtype=pl.Datetime("us", "UTC")),
        "ns": pl.Series([start] * 12, dtype=pl.Datetime("ns")),
        "clock": [datetime.time(12, i) for i in range(12)],
        "price": [decimal.Decimal(i) / 4 for i in range(12)],
        "yes": [True, False, None] * 4,
        "half": pl.Series([0.5 * i for i in range(12)], dtype=pl.Float32),
        "small": pl.Series(range(-6, 6), dtype=pl.Int8),
        "large": pl.Series([2**64 - 1 - i for i in range(12)], dtype=pl.UInt64),
        "town": pl.Series([t or "Rom" for t in town], dtype=pl.Categorical),
        "list": [[i, i] for i in range(12)],
        "kind": [2**53 + i % 2 for i in range(12)],
    }
)
types.write_parquet(folder / "types_polars.parquet", compression="uncompressed")
types.drop("list").to_pandas().to_parquet(folder / "types_pandas.parquet", use_deprecated_int96_timestamps=True)
duckdb.sql("select * exclude (list) from types").write_parquet(str(folder / "types_duckdb.parquet"), compression="gzip")

rng = np.random.default_rng(0)
smooth = np.add.outer(np.arange(8) * 9, np.arange(8) * 11).astype("u1") + np.arange(6, dtype="u1")[:, None, None]
for name in ["pictures/cat", "pictures/dog", "grey/0", "grey/1"]:
    (folder / name).mkdir(parents=True, exist_ok=True)
coloured = np.stack([smooth[0], 255 - smooth[0], smooth[0] // 2], axis=-1)
Image.fromarray(coloured).save(folder / "pictures/cat/rgb.png")
Image.fromarray(coloured).convert("RGBA").save(folder / "pictures/cat/alpha.png")
Image.fromarray(coloured).quantize(64).save(folder / "pictures/cat/palette.png")
Image.fromarray(coloured).save(folder / "pictures/dog/colour.jpg", quality=95, subsampling=0)
Image.fromarray(smooth[1]).save(folder / "pictures/dog/grey.jpeg", quality=95)
Image.fromarray(smooth[2].astype("u2") * 257).save(folder / "pictures/dog/sixteen.png")
order = ["cat/alpha.png", "cat/palette.png", "cat/rgb.png", "dog/colour.jpg", "dog/grey.jpeg"]
read = [np.asarray(Image.open(folder / "pictures" / name).convert("RGB")) for name in order]
read.append(np.stack([smooth[2]] * 3, axis=-1))
np.save(folder / "pictures.npy", np.stack(read))
for i in range(4):
    Image.fromarray(smooth[i]).save(folder / f"grey/{i % 2}/{i}.png")
