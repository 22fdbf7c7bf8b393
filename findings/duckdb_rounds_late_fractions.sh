#!/usr/bin/env bash
# Guess: a reader that finds out the types of columns by itself says so where a later row does not
# fit.
#
# DuckDB 2.0.1: a column of 30,000 whole numbers with ten fractions behind them is taken for whole
# numbers from its first rows, and the fractions are rounded without a word.
#
# So a column's type must be decided by all of its rows, or the row that breaks it be an error.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet duckdb==2.0.1
cd "$folder"
seen=$(python/bin/python - <<'PYTHON'
import duckdb
with open("table.csv", "w") as file:
    file.write("x,label\n")
    file.writelines(f"{i},a\n" for i in range(30000))
    file.writelines(f"{i + 0.25},a\n" for i in range(10))
table = duckdb.read_csv("table.csv")
print(table.types[0], table.fetchall()[-3:])
PYTHON
)
expected=$(cat <<'SEEN'
BIGINT [(7, 'a'), (8, 'a'), (9, 'a')]
SEEN
)
if [ "$seen" != "$expected" ]; then
    printf 'this has changed; seen now:\n%s\n' "$seen" >&2
    exit 1
fi
printf 'as before:\n%s\n' "$seen"
