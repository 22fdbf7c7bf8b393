#!/usr/bin/env bash
# Guess: NumPy's mean of a column of single precision is right to single precision, as it is of a
# vector, which it adds in pairs.
#
# NumPy 2.4.6: down the columns of a row-major float32 table it adds one row after the other. A
# million years from 1995 to 2015 have the mean 2019.6 and the deviation 15.8; the same column
# alone has 2005.0 and 6.06. scikit-learn 1.9.1's StandardScaler gathers in double precision and
# is right.
#
# So features that are standardised with NumPy in float32 before they come here may be far off:
# convert to float64 first.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet numpy==2.4.6 scikit-learn==1.9.1
cd "$folder"
seen=$(python/bin/python - <<'PYTHON'
import numpy
from sklearn.preprocessing import StandardScaler
years = numpy.tile(numpy.arange(1995, 2016), 47620)[:1000000]
table = numpy.ascontiguousarray(numpy.stack([years, years], 1).astype(numpy.float32))
column = numpy.ascontiguousarray(table[:, 0])
print(f"table {table.mean(0)[0]:.1f} {table.std(0)[0]:.1f}")
print(f"column {column.mean():.1f} {column.std():.2f}")
scaler = StandardScaler().fit(table)
print(f"scaler {scaler.mean_[0]:.1f} {scaler.scale_[0]:.2f}")
PYTHON
)
expected=$(cat <<'SEEN'
table 2019.6 15.8
column 2005.0 6.06
scaler 2005.0 6.06
SEEN
)
if [ "$seen" != "$expected" ]; then
    printf 'this has changed; seen now:\n%s\n' "$seen" >&2
    exit 1
fi
printf 'as before:\n%s\n' "$seen"
