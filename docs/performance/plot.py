#!/usr/bin/env python3
"""Draws the plots of docs/performance.md from figures.json: relay.svg and memory.svg.

    docs/performance/plot.py          writes them
    docs/performance/plot.py check    fails if they are not what it would write
"""

import json
import math
import pathlib
import sys
from xml.sax.saxutils import escape

HERE = pathlib.Path(__file__).parent
LEFT, WIDTH, ROW, TOP = 250, 420, 24, 48


def bars(title, unit, rows, length):
    """A bar chart: rows of (name, value, own), each bar `length(value)` of the width."""
    height = TOP + ROW * len(rows) + 12
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 70}" height="{height}" '
        'font-family="sans-serif" font-size="13">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="12" y="20" font-size="15" font-weight="bold">{escape(title)}</text>',
        f'<text x="12" y="38" fill="#555">{escape(unit)}</text>',
    ]
    for number, (name, value, own) in enumerate(rows):
        y = TOP + ROW * number
        colour = "#c2410c" if own else "#64748b"
        wide = max(2, round(WIDTH * length(value)))
        out.append(f'<text x="{LEFT - 8}" y="{y + 15}" text-anchor="end">{escape(name)}</text>')
        out.append(f'<rect x="{LEFT}" y="{y + 3}" width="{wide}" height="{ROW - 7}" fill="{colour}"/>')
        out.append(f'<text x="{LEFT + wide + 6}" y="{y + 15}">{value:g}</text>')
    return "\n".join([*out, "</svg>", ""])


def plots():
    """The name and the text of each plot."""
    servers = json.loads((HERE / "figures.json").read_text())["servers"]

    def rows(figure):
        chosen = [(one["name"], one[figure], one.get("own", False)) for one in servers]
        return sorted(chosen, key=lambda row: row[1])

    most = max(one["memory"] for one in servers)
    slowest = max(one["relay"] for one in servers)
    yield "relay.svg", bars(
        "Processor time of a relayed message",
        "as a ratio to the floor, saturated; shorter is better",
        rows("relay"),
        lambda value: value / slowest,
    )
    yield "memory.svg", bars(
        "Memory of an idle connection",
        "KiB, logarithmic; shorter is better",
        rows("memory"),
        lambda value: math.log(value / 0.1) / math.log(most / 0.1),
    )


def main():
    stale = False
    for name, text in plots():
        path = HERE / name
        if sys.argv[1:] == ["check"]:
            if not path.exists() or path.read_text() != text:
                print(f"{name} is not what plot.py draws", file=sys.stderr)
                stale = True
        else:
            path.write_text(text)
    return stale


if __name__ == "__main__":
    sys.exit(main())
