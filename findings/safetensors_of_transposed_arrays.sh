#!/usr/bin/env bash
# Guess: what safetensors saves from NumPy is what it loads.
#
# safetensors 0.8.0: `safetensors.numpy.save_file` writes an array's memory from its start, with
# the array's shape and no warning. A transposed matrix comes back with its values in another
# order, every second element of a vector as the first half of it.
#
# So weights that were transposed for another layout are silently wrong in the file, and nothing
# in it tells: call `numpy.ascontiguousarray` before saving.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet safetensors==0.8.0 numpy==2.4.6
cd "$folder"
seen=$(python/bin/python - <<'PYTHON'
import numpy
import safetensors.numpy as files
matrix = numpy.arange(6, dtype=numpy.float32).reshape(2, 3)
ten = numpy.arange(10, dtype=numpy.float32)
files.save_file({"turned": matrix.T, "even": ten[::2]}, "arrays.safetensors")
read = files.load_file("arrays.safetensors")
print("saved", matrix.T.tolist(), ten[::2].tolist())
print("read", read["turned"].tolist(), read["even"].tolist())
PYTHON
)
expected=$(cat <<'SEEN'
saved [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]] [0.0, 2.0, 4.0, 6.0, 8.0]
read [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]] [0.0, 1.0, 2.0, 3.0, 4.0]
SEEN
)
if [ "$seen" != "$expected" ]; then
    printf 'this has changed; seen now:\n%s\n' "$seen" >&2
    exit 1
fi
printf 'as before:\n%s\n' "$seen"
