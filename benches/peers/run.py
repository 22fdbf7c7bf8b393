#!/usr/bin/env python3
"""Runs chainrule and its peers in turn and writes the table. Needs only Python's standard library; see README.md.

    ./run.py                        install, build, five rounds, one and two threads
    ./run.py --works W1,W3 --peers pytorch,jax --rounds 2 --seconds 0.3
    ./run.py --render               the table and the picture again, from the last run's figures
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SCRATCH = HERE / "scratch"
PYTHON_PEERS = ["pytorch", "pytorch_bf16", "jax", "scikit_learn", "onnxruntime"]
# Where the package has another name.
PACKAGES = {"pytorch": "torch", "pytorch_bf16": "torch"}
RUST_PEERS = ["burn", "candle", "dfdx"]
# What a peer's lines are called, so that a peer that does not run still has its row.
LIBRARIES = {
    "chainrule": ["chainrule", "chainrule-fast", "chainrule-bf16"],
    "pytorch": ["pytorch-eager", "pytorch-compile", "pytorch-jit"],
    "pytorch_bf16": ["pytorch-eager-bf16", "pytorch-compile-bf16", "pytorch-jit-bf16"],
    "jax": ["jax-jit", "jax-scan"],
    "scikit_learn": ["scikit-learn"],
    "burn": ["burn-flex", "burn-ndarray", "burn-cpu"],
}
WORKS = ["W1", "W2s", "W2r", "W3", "W4", "W5a", "W5b"]


def main():
    options = arguments()
    SCRATCH.mkdir(exist_ok=True)
    raw = SCRATCH / "raw.tsv"
    if not options.render:
        broken = prepare(options)
        write_versions(options)
        with raw.open("w") as lines:
            lines.write("round\tlibrary\twork\tthreads\tmicroseconds\n")
            for peer, reason in broken.items():
                for threads in options.threads:
                    lines.writelines(skipped(peer, options.works, threads, reason))
            for round_ in range(options.rounds):
                for threads in options.threads:
                    for peer in (peer for peer in options.peers if peer not in broken):
                        run(peer, threads, round_, options, lines)
    render = [options.python, HERE / "table.py", raw, SCRATCH / "versions.txt", options.out]
    subprocess.run(render, check=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--venv", type=Path, default=HERE / ".venv", help="virtual environment, made where missing")
    parser.add_argument("--out", type=Path, default=HERE / "results", help="where table and picture go")
    parser.add_argument("--peers", default=",".join(["chainrule", *PYTHON_PEERS, *RUST_PEERS]))
    parser.add_argument("--works", default=",".join(WORKS))
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5, help="of measuring for each work and round")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="of the builds")
    parser.add_argument("--render", action="store_true", help="run nothing; write table and picture again")
    options = parser.parse_args()
    options.python = options.venv / "bin" / "python"
    options.peers, options.works = options.peers.split(","), options.works.split(",")
    options.threads = [int(threads) for threads in options.threads.split(",")]
    if unknown := set(options.peers) - {"chainrule", *PYTHON_PEERS, *RUST_PEERS}:
        parser.error(f"no such peers: {', '.join(sorted(unknown))}")
    if unknown := set(options.works) - set(WORKS):
        parser.error(f"no such works: {', '.join(sorted(unknown))}")
    return options


def prepare(options):
    """Installs and builds; gives for each peer that fails the reason."""
    broken = {}
    if not options.python.exists():
        subprocess.run([sys.executable, "-m", "venv", options.venv], check=True)
    for requirement in (HERE / "requirements.txt").read_text().split():
        try:  # one by one, so that what fails stands alone; at once done where installed already
            command([options.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement])
        except RuntimeError as error:
            for peer in PYTHON_PEERS:
                if requirement.split("==")[0].replace("-", "_") in (peer, PACKAGES.get(peer)):
                    broken[peer] = f"not installed: {error}"
    for peer in options.peers:
        try:
            if peer in RUST_PEERS:
                build = ["cargo", "build", "--release", "--locked", "-j", options.jobs]
                command(build, HERE / peer, rust_environment())
            elif peer == "chainrule":
                command(["cargo", "build", "--release", "--example", "step_times", "-j", options.jobs], ROOT)
        except RuntimeError as error:
            if peer == "chainrule":
                sys.exit(f"chainrule does not build: {error}")
            broken[peer] = f"not built: {error}"
    return broken


def command(words, where=HERE, environment=None):
    words = [str(word) for word in words]
    print("$", *words, file=sys.stderr)
    done = subprocess.run(words, cwd=where, env=environment, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        wrong = [line for line in done.stderr.splitlines() if "error" in line.lower()] or done.stderr.splitlines()
        raise RuntimeError((wrong or ["no message"])[0].strip()[:150])


def rust_target():
    return Path(os.environ.get("CARGO_TARGET_DIR", HERE / "target")) / "peers"


def rust_environment():
    """Leaves the flags to the peers' own `.cargo/config.toml`, which a variable would override."""
    kept = {name: value for name, value in os.environ.items() if name != "RUSTFLAGS"}
    return kept | {"CARGO_TARGET_DIR": str(rust_target())}


def run(peer, threads, round_, options, lines):
    """Writes what the peer says on each work, or why it does not."""
    print(f"round {round_ + 1}, {threads} threads, load {os.getloadavg()[0]:.1f}: {peer}", file=sys.stderr)
    # A process for each work, so that one that fails leaves the others alone.
    for work in options.works:
        timed = ["--threads", str(threads), "--seconds", str(options.seconds)]
        if peer == "chainrule":
            words = ["cargo", "run", "--quiet", "--release", "--example", "step_times", "--", *timed]
            precisions = ["f32", "fast", "bf16"]
            variants = [[*words, "--only", work, "--precision", precision] for precision in precisions]
        elif peer in RUST_PEERS:
            variants = [[rust_target() / "release" / f"peer-{peer}", *timed, "--works", work]]
        elif peer == "pytorch_bf16":
            variants = [[options.python, "peer_pytorch.py", *timed, "--works", work, "--bf16"]]
        else:
            variants = [[options.python, f"peer_{peer}.py", *timed, "--works", work]]
        for words in variants:
            run_one(words, peer, work, threads, round_, lines)


def run_one(words, peer, work, threads, round_, lines):
    if shutil.which("taskset"):
        words = ["taskset", "-c", "0" if threads == 1 else f"0-{threads - 1}", *words]
    names = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"]
    environment = os.environ | dict.fromkeys(names, str(threads))
    where = ROOT if peer == "chainrule" else HERE
    done = subprocess.run(words, cwd=where, env=environment, capture_output=True, text=True)
    said = [line for line in done.stdout.splitlines() if line.count("\t") == 3]
    lines.writelines(f"{round_}\t{line}\n" for line in said)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1][:150]
        print(f"  {work} failed: {reason}", file=sys.stderr)
        if not said:
            lines.writelines(skipped(peer, [work], threads, reason, round_))
    lines.flush()


def skipped(peer, works, threads, reason, round_=0):
    reason = reason.replace("\t", " ")
    for library in LIBRARIES.get(peer, [peer]):
        for work in works:
            yield f"{round_}\t{library}\t{work}\t{threads}\tskipped: {reason}\n"


def write_versions(options):
    """What ran, on what: one `name<TAB>value` a line."""
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    vectors = next((name for mark, name in (("avx512f", "AVX-512"), ("avx2", "AVX2")) if mark in flags), "unknown")
    rows = [("cores", os.cpu_count()), ("vector instructions", vectors), ("rounds", options.rounds)]
    rows.append(("seconds of measuring per work and round", options.seconds))
    rows.append(("rustc", subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout.split()[1]))
    rows.append(("Python", sys.version.split()[0]))
    rows += [tuple(line.split("==")) for line in (HERE / "requirements.txt").read_text().split()]
    for peer in RUST_PEERS:
        pinned = (HERE / peer / "Cargo.toml").read_text().partition("[dependencies]")[2]
        rows.append((peer, pinned.partition('"=')[2].partition('"')[0]))
    rows.append(("load before", f"{os.getloadavg()[0]:.1f}"))
    (SCRATCH / "versions.txt").write_text("".join(f"{name}\t{value}\n" for name, value in rows))


main()
