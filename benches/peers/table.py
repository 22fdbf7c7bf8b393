"""Writes `times.tsv`, `times.md` and `times.svg` out of the lines that `run.py` gathered."""

import statistics
import sys
from collections import defaultdict
from pathlib import Path

WORKS = {
    "W1": "64-64-10, ReLU, batch 32, SGD",
    "W2s": "64-(8 x 64)-10, sigmoid, batch 32, momentum",
    "W2r": "64-(8 x 64)-10, ReLU, batch 32, momentum",
    "W3": "784-512-256-10, ReLU, batch 128, Adam",
    "W4": "1024-(3 x 2048)-1000, ReLU, batch 256, SGD",
    "W5a": "one sample through the network of W1",
    "W5b": "one sample through the network of W3",
}
LIBRARIES = [
    "chainrule", "jax-jit", "jax-scan", "pytorch-eager", "pytorch-compile", "pytorch-jit",
    "dfdx", "candle", "burn-flex", "burn-ndarray", "scikit-learn", "onnxruntime",
]  # fmt: skip


def read(path):
    """Figures by (work, threads, library) and round, and reasons of what was skipped."""
    figures, reasons = defaultdict(dict), {}
    for line in Path(path).read_text().splitlines()[1:]:
        round_, library, work, threads, value = line.split("\t", 4)
        key = (work, int(threads), library)
        if value.startswith("skipped"):
            reasons[key] = value.removeprefix("skipped: ")
        else:
            figures[key][int(round_)] = float(value)
    return figures, reasons


def ratio(figures, key):
    """Median over the rounds of this library's time over chainrule's of the same round."""
    own = figures.get((key[0], key[1], "chainrule"), {})
    ratios = [time / own[round_] for round_, time in figures[key].items() if round_ in own]
    return statistics.median(ratios) if ratios else None


def number(value):
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def write_tsv(path, figures, reasons):
    rows = ["work\tthreads\tlibrary\tmedian_us\tmin_us\tmax_us\trounds\tratio_to_chainrule\tskipped"]
    for key in ordered(figures, reasons):
        work, threads, library = key
        if times := list(figures.get(key, {}).values()):
            relative = ratio(figures, key)
            middle = f"{statistics.median(times):.3f}\t{min(times):.3f}\t{max(times):.3f}\t{len(times)}"
            rows.append(f"{work}\t{threads}\t{library}\t{middle}\t{'' if relative is None else f'{relative:.3f}'}\t")
        else:
            rows.append(f"{work}\t{threads}\t{library}\t\t\t\t0\t\t{reasons[key]}")
    path.write_text("\n".join(rows) + "\n")


def ordered(figures, reasons):
    place = {library: i for i, library in enumerate(LIBRARIES)}
    works = list(WORKS)
    return sorted({*figures, *reasons}, key=lambda k: (works.index(k[0]), k[1], place.get(k[2], 99)))


def write_markdown(path, figures, reasons, versions):
    lines = ["Microseconds: median over the rounds (smallest to largest), and how many times chainrule's time that is.", ""]
    for work, what in WORKS.items():
        keys = [key for key in ordered(figures, reasons) if key[0] == work]
        threads = sorted({key[1] for key in keys})
        if not keys:
            continue
        lines += [f"**{work}**: {what}", "", "| library | " + " | ".join(f"{t} thread{'s' * (t > 1)} | ratio" for t in threads) + " |"]
        lines.append("|---|" + "---:|---:|" * len(threads))
        for library in dict.fromkeys(key[2] for key in keys):
            cells = [cell(figures, (work, t, library)) for t in threads]
            if any(cell != "- | -" for cell in cells):
                lines.append(f"| {library} | " + " | ".join(cells) + " |")
        lines.append("")
    lines += ["Skipped:", ""]
    by_reason = defaultdict(lambda: defaultdict(list))
    for (work, _, library), reason in reasons.items():
        if not figures.get((work, _, library)) and work not in by_reason[library][reason]:
            by_reason[library][reason].append(work)
    lines += [f"- {library} ({', '.join(works)}): {reason}" for library, all_ in by_reason.items() for reason, works in all_.items()]
    lines += ["", "Run with: " + ", ".join(f"{name} {value}" for name, value in versions) + "."]
    path.write_text("\n".join(lines) + "\n")


def cell(figures, key):
    times = list(figures.get(key, {}).values())
    if not times:
        return "- | -"
    relative = ratio(figures, key)
    spread = f"{number(statistics.median(times))} ({number(min(times))} to {number(max(times))})"
    return f"{spread} | {'-' if relative is None else f'{relative:.2f}'}"


def draw(path, figures):
    """For each number of threads a panel: works downwards, time relative to chainrule's to the right, on a log scale."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams |= {"svg.hashsalt": "peers", "font.size": 9}
    from matplotlib import pyplot

    threads = sorted({key[1] for key in figures})
    shown = [library for library in LIBRARIES if any(key[2] == library for key in figures)]
    pictures, panels = pyplot.subplots(1, len(threads), figsize=(4.8 * len(threads), 4.2), sharey=True, sharex=True, squeeze=False)
    colours = dict(zip(LIBRARIES, pyplot.get_cmap("tab20").colors[2:]))
    for panel, count in zip(panels[0], threads):
        panel.axvline(1, color="black", linewidth=2)
        for i, library in enumerate(library for library in shown if library != "chainrule"):
            points = [(ratio(figures, k), row) for row, work in enumerate(WORKS) if (k := (work, count, library)) in figures]
            points = [point for point in points if point[0]]
            panel.scatter(*zip(*points) if points else ([], []), s=42, marker="osD^vP"[i % 6], color=colours[library], label=library, zorder=3)
        panel.set_xscale("log")
        panel.xaxis.set_major_formatter(lambda value, _: f"{value:g}x")
        panel.set_title(f"{count} thread{'s' * (count > 1)}")
        panel.set_yticks(range(len(WORKS)), list(WORKS))
        panel.grid(axis="x", alpha=0.3)
        panel.grid(axis="y", alpha=0.15)
        panel.set_xlabel("time of a step, relative to chainrule (the line)")
    panels[0][0].invert_yaxis()
    handles, labels = panels[0][-1].get_legend_handles_labels()
    pictures.legend(handles, labels, loc="lower center", ncols=6, frameon=False)
    pictures.tight_layout(rect=(0, 0.12, 1, 1))
    pictures.savefig(path, metadata={"Date": None})


def main():
    raw, versions, out = map(Path, sys.argv[1:])
    out.mkdir(parents=True, exist_ok=True)
    figures, reasons = read(raw)
    write_tsv(out / "times.tsv", figures, reasons)
    write_markdown(out / "times.md", figures, reasons, [line.split("\t") for line in versions.read_text().splitlines()])
    draw(out / "times.svg", figures)
    print((out / "times.md").read_text())


main()
