#!/usr/bin/env python3
"""PyTorch's products on one core at the shapes of `cargo bench --bench peak`, for a look beside it.

    taskset -c 0 .venv/bin/python products_pytorch.py    # the virtual environment that run.py makes
"""

import statistics
import time

import torch

# Samples, inputs and outputs of a layer, as in ../peak.rs.
LAYERS = [
    (32, 64, 64),
    (128, 784, 512),
    (128, 512, 256),
    (256, 1024, 2048),
    (256, 2048, 2048),
    (2048, 256, 2048),
    (1024, 1024, 1024),
]
BLOCK = 0.02  # seconds
ROUNDS = 9


def rate(product, operations):
    """10^9 operations a second, the median of the rounds."""
    product()
    rates = []
    for _ in range(ROUNDS):
        calls, begun = 0, time.perf_counter()
        while (seconds := time.perf_counter() - begun) < BLOCK:
            product()
            calls += 1
        rates.append(calls * operations / seconds * 1e-9)
    return statistics.median(rates)


def main():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    print(f"PyTorch {torch.__version__}, GFLOP/s: forward, weight gradient, input gradient")
    for samples, inputs, outputs in LAYERS:
        shapes = [(samples, inputs), (inputs, outputs), (samples, outputs)]
        x, w, g = (torch.rand(shape) * 2 - 1 for shape in shapes)
        rates = []
        for a, b in [(x, w), (x.t(), g), (g, w.t())]:
            out = torch.empty(a.shape[0], b.shape[1])
            rates.append(rate(lambda: torch.mm(a, b, out=out), 2 * samples * inputs * outputs))
        name = f"{samples}x{inputs}x{outputs}"
        print(f"{name:16}", *(f"{x:5.0f}" for x in rates))


main()
