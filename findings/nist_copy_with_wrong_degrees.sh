#!/usr/bin/env bash
# Guess: a copy of the certified regression problems of NIST (StRD) is a copy.
#
# lmfit 1.3.4, NIST_STRD/Rat43.dat of its source archive: 9 degrees of freedom are stated for 15
# observations and 4 parameters, which leave 11; the certified residual deviation in the same file
# is that of 11.
#
# So a test of standard errors computes the degrees of freedom from the data.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet pip
cd "$folder"
seen=$(python/bin/python - <<'PYTHON'
import glob, re, subprocess, sys, tarfile
subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
                "--no-binary", ":all:", "lmfit==1.3.4"], check=True, capture_output=True)
with tarfile.open(glob.glob("lmfit-1.3.4.tar.gz")[0]) as archive:
    name = next(name for name in archive.getnames() if name.endswith("NIST_STRD/Rat43.dat"))
    text = archive.extractfile(name).read().decode()
number = lambda what: float(re.search(what + r":?\s+([0-9.Ee+-]+)", text).group(1))
squares, deviation = number("Residual Sum of Squares"), number("Residual Standard Deviation")
print("stated", int(number("Degrees of Freedom")), "implied", round(squares / deviation**2))
PYTHON
)
expected=$(cat <<'SEEN'
stated 9 implied 11
SEEN
)
if [ "$seen" != "$expected" ]; then
    printf 'this has changed; seen now:\n%s\n' "$seen" >&2
    exit 1
fi
printf 'as before:\n%s\n' "$seen"
