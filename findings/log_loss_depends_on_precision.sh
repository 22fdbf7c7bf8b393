#!/usr/bin/env bash
# Guess: scikit-learn's log-loss of a sure miss is infinite, or the same large number for every
# type.
#
# scikit-learn 1.9.1: `log_loss` clips probabilities by the epsilon of their type, so that a sure
# miss costs 15.9 in float32 and 36.0 in float64. Two libraries that hand it the same predictions
# in different types get means that cannot be compared.
#
# So compare log-losses in float64 alone.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet scikit-learn==1.9.1
cd "$folder"
seen=$(python/bin/python - <<'PYTHON'
import numpy
from sklearn.metrics import log_loss
for kind in numpy.float32, numpy.float64:
    sure = numpy.array([[0, 1], [0, 1]], dtype=kind)
    print(kind.__name__, f"{2 * log_loss([0, 1], sure, labels=[0, 1]):.2f}")
PYTHON
)
expected=$(cat <<'SEEN'
float32 15.94
float64 36.04
SEEN
)
if [ "$seen" != "$expected" ]; then
    printf 'this has changed; seen now:\n%s\n' "$seen" >&2
    exit 1
fi
printf 'as before:\n%s\n' "$seen"
