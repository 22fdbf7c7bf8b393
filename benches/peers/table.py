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
# In the order of the table, with the colour of the family and the mark of the picture.
LIBRARIES = {
    "chainrule": ("black", "o"),
    "chainrule-fast": ("black", "^"),
    "chainrule-bf16": ("black", "s"),
    "jax-jit": ("tab:blue", "o"),
    "jax-scan": ("tab:blue", "^"),
    "pytorch-eager": ("tab:red", "o"),
    "pytorch-compile": ("tab:red", "^"),
    "pytorch-jit": ("tab:red", "s"),
    "pytorch-eager-bf16": ("tab:pink", "o"),
    "pytorch-compile-bf16": ("tab:pink", "^"),
    "pytorch-jit-bf16": ("tab:pink", "s"),
    "dfdx": ("tab:purple", "D"),
    "candle": ("tab:orange", "D"),
    "burn-flex": ("tab:brown", "D"),
    "burn-ndarray": ("tab:brown", "v"),
    "burn-cpu": ("tab:brown", "^"),
    "scikit-learn": ("tab:green", "P"),
    "onnxruntime": ("tab:gray", "s"),
}


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
    lines = ["Microseconds: median over the rounds (smallest to largest), and the ratio to chainrule's time.", ""]
    for work, what in WORKS.items():
        keys = [key for key in ordered(figures, reasons) if key[0] == work]
        threads = sorted({key[1] for key in keys})
        if not keys:
            continue
        columns = " | ".join(f"{t} thread{'s' * (t > 1)} | ratio" for t in threads)
        lines += [f"**{work}**: {what}", "", f"| library | {columns} |"]
        lines.append("|---|" + "---:|---:|" * len(threads))
        for library in dict.fromkeys(key[2] for key in keys):
            cells = [cell(figures, (work, t, library)) for t in threads]
            if any(cell != "- | -" for cell in cells):
                lines.append(f"| {library} | " + " | ".join(cells) + " |")
        lines.append("")
    works_of = defaultdict(list)
    for key in ordered({}, reasons):
        work, _, library = key
        if key not in figures and work not in works_of[library, reasons[key]]:
            works_of[library, reasons[key]].append(work)
    if works_of:
        lines += ["Skipped:", ""]
    lines += [f"- {library} ({', '.join(works)}): {reason}" for (library, reason), works in works_of.items()]
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
    """A panel for each number of threads: works downwards, time relative to chainrule's to the right."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams |= {"svg.hashsalt": "peers", "font.size": 9}
    from matplotlib import pyplot

    threads = sorted({key[1] for key in figures})
    shown = [library for library in LIBRARIES if any(key[2] == library for key in figures)]
    size = (4.8 * len(threads), 4.2)
    pictures, panels = pyplot.subplots(1, len(threads), figsize=size, sharey=True, sharex=True, squeeze=False)
    for panel, count in zip(panels[0], threads):
        panel.axvline(1, color="black", linewidth=2)
        for library in (library for library in shown if library != "chainrule"):
            colour, mark = LIBRARIES[library]
            keys = [(row, (work, count, library)) for row, work in enumerate(WORKS)]
            points = [(relative, row) for row, key in keys if key in figures and (relative := ratio(figures, key))]
            across, down = zip(*points) if points else ([], [])
            panel.scatter(across, down, s=36, marker=mark, color=colour, label=library, alpha=0.85, zorder=3)
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
