#!/usr/bin/env bash
# Guess: a scaler for columns with outliers brings every column that varies to about one.
#
# scikit-learn 1.9.1: RobustScaler divides by the range between the quartiles, and where that is 0
# by 1. A column of 80 % zeros and values up to 20,000, such as a count or an amount, is left as
# it is, without a warning.
#
# So a network behind it sees inputs of 20,000: fall back to the whole range where the quartiles
# are equal.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet scikit-learn==1.9.1
cd "$folder"
seen=$(python/bin/python - <<'PYTHON'
import numpy
from sklearn.preprocessing import RobustScaler
column = numpy.zeros((100, 1))
column[:20, 0] = numpy.arange(1, 21) * 1000
scaler = RobustScaler().fit(column)
print("scale", scaler.scale_[0], "largest", scaler.transform(column).max())
PYTHON
)
expected=$(cat <<'SEEN'
scale 1.0 largest 20000.0
SEEN
)
if [ "$seen" != "$expected" ]; then
    printf 'this has changed; seen now:\n%s\n' "$seen" >&2
    exit 1
fi
printf 'as before:\n%s\n' "$seen"
