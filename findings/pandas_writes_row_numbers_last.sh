#!/usr/bin/env bash
# Guess: row numbers stand in the first column of what pandas writes, as in CSV, and the last column
# is one of the table's own.
#
# pandas 3.1.1: in Parquet they stand last, as `__index_level_0__`. They stand there only if the
# rows are not evenly numbered, such as those of a shuffled table.
#
# So "the last column is the target" predicts row numbers after a shuffle: pass that name over.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet pandas==3.1.1 pyarrow==26.0.1
cd "$folder"
seen=$(python/bin/python - <<'PYTHON'
import pandas
import pyarrow.parquet
table = pandas.DataFrame({"x": [1, 2, 3], "kind": [0, 1, 0]})
for name, rows in [("as it is", [0, 1, 2]), ("every second", [0, 2]), ("shuffled", [0, 2, 1])]:
    table.iloc[rows].to_parquet("table.parquet")
    print(f"{name}:", *pyarrow.parquet.ParquetFile("table.parquet").schema.names)
print("csv:", table.to_csv().splitlines()[0])
PYTHON
)
expected=$(cat <<'SEEN'
as it is: x kind
every second: x kind
shuffled: x kind __index_level_0__
csv: ,x,kind
SEEN
)
if [ "$seen" != "$expected" ]; then
    printf 'this has changed; seen now:\n%s\n' "$seen" >&2
    exit 1
fi
printf 'as before:\n%s\n' "$seen"
