"""What the peers written in Python share: the works, the data, the clock. `measure.rs` says the same for Rust."""

import argparse
import statistics
import sys
import time
from collections import namedtuple

import numpy as np

Work = namedtuple("Work", "name widths activation batch optimizer")

SMALL, DEEP = [64, 64, 10], [64] * 9 + [10]
DIGITS, LARGE = [784, 512, 256, 10], [1024, 2048, 2048, 2048, 1000]

WORKS = [
    Work("W1", SMALL, "relu", 32, "sgd"),
    Work("W2s", DEEP, "sigmoid", 32, "momentum"),
    Work("W2r", DEEP, "relu", 32, "momentum"),
    Work("W3", DIGITS, "relu", 128, "adam"),
    Work("W4", LARGE, "relu", 256, "sgd"),
    Work("W5a", SMALL, "relu", 1, None),  # no optimizer: one sample through the network, nothing learned
    Work("W5b", DIGITS, "relu", 1, None),
]

LEARNING_RATE = 0.01
ADAM_LEARNING_RATE = 1e-3


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--works", default=",".join(work.name for work in WORKS))
    parser.add_argument("--seconds", type=float, default=1.0)
    chosen = parser.parse_args()
    chosen.works = [work for work in WORKS if work.name in chosen.works.split(",")]
    return chosen


def data(work):
    """Samples `[batch, features]`, standard normal, and class indices."""
    samples = np.random.default_rng(1).standard_normal((work.batch, work.widths[0]), dtype=np.float32)
    return samples, np.arange(work.batch) * 7 % work.widths[-1]


def report(library, work, options, step, steps_per_call=1):
    """Times `step`, which gives the loss or losses (in inference the output), and prints the line."""
    first = np.ravel(step())[0]
    once = clock(step, 1)
    warm_until = time.perf_counter() + options.seconds / 3
    while time.perf_counter() < warm_until:
        step()
    calls = min(max(int(1e-3 / once), 1), 10_000)
    until, times = time.perf_counter() + options.seconds, []
    while time.perf_counter() < until or len(times) < 5:
        times.append(clock(step, calls) / calls / steps_per_call)
    last = np.ravel(step())[-1]
    if work.optimizer and not last < first:
        sys.exit(f"{library} {work.name}: the loss does not fall: {first} at first, {last} at last")
    line(library, work, options, f"{statistics.median(times) * 1e6:.3f}")


def line(library, work, options, what):
    print(library, work.name, options.threads, what, sep="\t", flush=True)


def skip(library, work, options, reason):
    line(library, work, options, f"skipped: {reason}")


def clock(step, calls):
    start = time.perf_counter()
    for _ in range(calls):
        step()
    return time.perf_counter() - start
