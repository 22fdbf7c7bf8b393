#!/usr/bin/env bash
# Guess: two well-known readers of ARFF, the format of Weka and OpenML, read the same files.
#
# scipy 1.17.1 keeps the blanks of { x , y } in the names and then refuses the value x, keeps the
# backslash of 'it\'s', and reads a missing nominal value as a class named ?; liac-arff 2.5.0
# reads all three as meant. The other way round, liac-arff refuses tabs between the words of an
# attribute, which scipy reads.
#
# So a class named ? may be a missing label, and a file that one of them reads proves little.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet scipy==1.17.1 liac-arff==2.5.0 numpy==2.4.6
cd "$folder"
seen=$(python/bin/python - <<'PYTHON'
import io
import arff
from scipy.io import arff as scipy_arff
texts = {
    "blanks": "@relation r\n@attribute a { x , y }\n@data\nx\n",
    "quote": "@relation r\n@attribute a {'it\\'s',b}\n@data\n'it\\'s'\n",
    "missing": "@relation r\n@attribute a {x,y}\n@data\n?\n",
    "tabs": "@relation r\n@attribute\ta\tnumeric\n@data\n1\n",
}
for name, text in texts.items():
    def attempt(read):
        try:
            return read()
        except Exception as error:
            return type(error).__name__
    print(name, attempt(lambda: scipy_arff.loadarff(io.StringIO(text))[0].tolist()),
          attempt(lambda: arff.loads(text)["data"]))
PYTHON
)
expected=$(cat <<'SEEN'
blanks ValueError [['x']]
quote [(b"it\\s'",)] [["it's"]]
missing [(b'?',)] [[None]]
tabs [(1.0,)] ValueError
SEEN
)
if [ "$seen" != "$expected" ]; then
    printf 'this has changed; seen now:\n%s\n' "$seen" >&2
    exit 1
fi
printf 'as before:\n%s\n' "$seen"
