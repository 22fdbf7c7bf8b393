"""Reads event files with TensorBoard's own readers and compares them with what was written.

    python check.py FOLDER

FOLDER is one that the example `sample` has filled: its runs, and `expected.json` with their values. Exits with 1 where
they differ. Needs the package `tensorboard`.
"""

import collections
import json
import pathlib
import sys

import numpy as np
from tensorboard.backend.event_processing import event_accumulator, event_file_loader
from tensorboard.util import tensor_util

differences = []


def compare(what, seen, expected):
    """Numbers, to the single precision that TensorBoard keeps; NaN equals NaN."""
    seen, expected = np.asarray(seen, np.float32), np.asarray(expected, float).astype(np.float32)
    if seen.shape != expected.shape or not np.allclose(seen, expected, rtol=1e-6, atol=0, equal_nan=True):
        differences.append(f"{what}: read {seen.tolist()}, but written was {expected.tolist()}")


def stored(folder):
    """All values as the server of TensorBoard takes them: old-style summaries turned into tensors."""
    values = collections.defaultdict(list)
    for path in sorted(folder.glob("*tfevents*")):
        for event in event_file_loader.EventFileLoader(str(path)).Load():
            for value in event.summary.value:
                plugin = value.metadata.plugin_data.plugin_name
                values[plugin, value.tag].append((event.step, tensor_util.make_ndarray(value.tensor)))
    return values


def trimmed(edges, counts):
    """The parts that TensorBoard shows: those at the ends that are empty are dropped."""
    filled = [i for i, count in enumerate(counts) if count > 0]
    if not filled:
        return []
    first, last = filled[0], filled[-1]
    return [[edges[i], edges[i + 1], counts[i]] for i in range(first, last + 1)]


def check(run, folder, expected):
    values = stored(folder)
    accumulator = event_accumulator.EventAccumulator(str(folder), size_guidance={"scalars": 0, "histograms": 0, "images": 0})
    accumulator.Reload()
    count = 0
    for tag, points in expected.get("scalars", {}).items():
        points = [(step, float(value)) for step, value in points]
        compare(f"{run} {tag}", [(step, tensor.item()) for step, tensor in values["scalars", tag]], points)
        compare(f"{run} {tag}", [(event.step, event.value) for event in accumulator.Scalars(tag)], points)
        count += len(points)
    for tag, points in expected.get("histograms", {}).items():
        steps = [step for step, _, _ in points]
        compare(f"{run} {tag} steps", [step for step, _ in values["histograms", tag]], steps)
        compare(f"{run} {tag} steps", [event.step for event in accumulator.Histograms(tag)], steps)
        for (step, tensor), (_, edges, counts) in zip(values["histograms", tag], points):
            compare(f"{run} {tag} {step}", tensor, np.reshape(trimmed(edges, counts), (-1, 3)))
        for event, (step, edges, counts) in zip(accumulator.Histograms(tag), points):
            histogram = event.histogram_value
            compare(f"{run} {tag} {step} number", histogram.num, sum(counts))
            if counts:
                compare(f"{run} {tag} {step} range", [histogram.min, histogram.max], [edges[0], edges[-1]])
        count += len(points)
    for tag, points in expected.get("images", {}).items():
        sizes = [(step, int(tensor[0]), int(tensor[1])) for step, tensor in values["images", tag]]
        compare(f"{run} {tag}", sizes, points)
        compare(f"{run} {tag}", [(event.step, event.width, event.height) for event in accumulator.Images(tag)], points)
        if not all(tensor[2].startswith(b"\x89PNG") for _, tensor in values["images", tag]):
            differences.append(f"{run} {tag}: not a PNG file")
        count += len(points)
    return count


def main(folder):
    runs = json.loads((folder / "expected.json").read_text())
    count = sum(check(run, folder / run, expected) for run, expected in runs.items())
    for difference in differences:
        print(difference)
    print(f"{count} values in {len(runs)} runs, {len(differences)} differences")
    return 1 if differences or count == 0 else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(pathlib.Path(sys.argv[1])))
