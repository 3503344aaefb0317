#!/usr/bin/env python3
"""Reckons what Passerby takes for many users; docs/scaling.md explains it and shows the result.

    plan.py                          print the tables
    plan.py --with redis.pair_us=15  the same with other figures, for this once
    plan.py set NAME VALUE --measured COMMAND
                                     put a measured figure into figures.toml, and the tables into docs/scaling.md
    plan.py write                    put the tables into docs/scaling.md
    plan.py check                    fail if docs/scaling.md shows other tables than these

It is arithmetic, not a simulation: every line of `reckon` is a sentence of docs/scaling.md.
"""

import argparse
import math
import pathlib
import re
import sys

try:
    import tomllib
except ImportError:  # Python before 3.11
    from pip._vendor import tomli as tomllib

FIGURES = pathlib.Path(__file__).parent / "figures.toml"
PAGE = pathlib.Path(__file__).parents[2] / "docs" / "scaling.md"
USERS = [10_000, 100_000, 1_000_000, 10_000_000, 100_000_000]


def load():
    return tomllib.loads(FIGURES.read_text(encoding="utf-8"))


def reckon(users, of):
    """What `users` on line take, as rows of (name, number, unit)."""
    used = of("node.used_percent") / 100

    # What people do, in a second.
    chatting = users * of("people.chatting_percent") / 100
    pairs = chatting / 2 / of("people.chat_seconds")
    messages = chatting * of("people.messages_per_minute") / 60
    relayed = messages * (1 + of("people.hints_per_message"))
    steps = users * of("people.steps_per_hour") / 3600

    def cores_of_nodes(nodes):
        far = (nodes - 1) / nodes  # Partners are wherever chance put them.
        relay = of("node.near_us") * (1 - far) + of("node.far_us") * far
        return (relayed * relay + 2 * pairs * of("node.pair_us") + users * of("node.rest_us")) / 1e6

    # As many nodes as the users need who may be on one, and as the work needs. One more stands by.
    nodes = max(1, math.ceil(users / of("node.users")))
    while nodes * of("node.cores") * used < cores_of_nodes(nodes):
        nodes += 1
    far = (nodes - 1) / nodes
    memory = users / nodes * (of("node.connection_kib") + of("node.socket_kib")) * 1024

    # Pairing: all that has to be under one hash tag as long as it is not split.
    pairing = pairs * of("redis.pair_us") / 1e6
    stepping = steps * of("redis.step_us") / 1e6
    verify = users / of("redis.verify_seconds") * of("redis.verify_us") / 1e6
    together = pairing + stepping + verify

    # Inboxes: the message, its answer and the hints, spread over as many primaries as it takes.
    envelopes = far * messages * (2 + of("people.hints_per_message"))
    inboxes = envelopes * of("redis.envelope_us") / 1e6

    return [
        ("**People**", None, ""),
        ("pairs a second", pairs, ""),
        ("messages a second", messages, ""),
        ("**Nodes**", None, ""),
        ("cores busy", cores_of_nodes(nodes), ""),
        ("nodes; of several, one is to spare", nodes + 1 if users > 10_000 else nodes, "whole"),
        ("users whose partner is on another node", far * 100, "%"),
        ("memory for connections, each node", memory, "B"),
        ("**Redis: pairing**", None, ""),
        ("scripts a second, without verify", pairs * of("redis.scripts_per_pair") + steps, ""),
        ("cores for pairs", pairing, ""),
        ("cores for arrivals, drops and returns", stepping, ""),
        ("cores for verify", verify, ""),
        ("memory", users * of("redis.seat_bytes"), "B"),
        ("primaries, if it can be split evenly", math.ceil(together / used), "whole"),
        ("cores for the largest pool", together * of("people.largest_pool_percent") / 100, ""),
        ("**Redis: inboxes**", None, ""),
        ("envelopes a second", envelopes, ""),
        ("bytes a second, in and out each", envelopes * of("redis.envelope_bytes"), "B"),
        ("cores", inboxes, ""),
        ("primaries", math.ceil(inboxes / used), "whole"),
        ("**Redis: one primary for everything**", None, ""),
        ("cores", together + inboxes, ""),
    ]


def short(number, unit):
    """Two digits that count, and a prefix: more would pretend to know more."""
    if unit == "whole":
        return f"{number:,}"
    if unit == "%":
        return f"{number:.0f} %"
    step, prefixes = (1024, ["B", "KiB", "MiB", "GiB", "TiB"]) if unit == "B" else (1000, ["", " k", " M", " G"])
    place = 0
    while number >= step * 0.9995 and place + 1 < len(prefixes):
        number, place = number / step, place + 1
    if number and number < 100:
        digits = max(0, 1 - math.floor(math.log10(number)))
        text = f"{number:.{digits}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        text = f"{number:.0f}"
    return text + (f" {prefixes[place]}" if unit == "B" else prefixes[place])


def table_of_figures(figures):
    lines = ["| figure | value | | source |", "| --- | --: | --- | --- |"]
    for group, entries in figures.items():
        for name, entry in entries.items():
            value = f"{entry['value']:,} {entry['unit']}".strip()
            source = entry["source"] + (f": `{entry['command']}`" if "command" in entry else "")
            lines.append(f"| `{group}.{name}` | {value} | {entry['what']} | {source} |")
    return lines


def table_of_plan(of):
    columns = [reckon(users, of) for users in USERS]
    lines = [
        "| users on line | " + " | ".join(short(users, "") for users in USERS) + " |",
        "| --- |" + " --: |" * len(USERS),
    ]
    for row in zip(*columns):
        cells = ("" if number is None else short(number, unit) for _, number, unit in row)
        lines.append(f"| {row[0][0]} | " + " | ".join(cells) + " |")
    return lines


def page_with(page, blocks):
    """The page with each block between its two markers replaced."""
    for name, lines in blocks.items():
        block = f"<!-- {name}: made by deploy/scaling/plan.py -->\n" + "\n".join(lines) + f"\n<!-- end of {name} -->"
        pattern = rf"<!-- {name}: .*?<!-- end of {name} -->"
        page, found = re.subn(pattern, lambda _: block, page, flags=re.S)
        if found != 1:
            sys.exit(f"plan.py: {PAGE.name} has no place for {name}")
    return page


def put(name, value, command):
    """Changes one line of figures.toml."""
    group, _, key = name.partition(".")
    if key not in load().get(group, {}):
        sys.exit(f"plan.py: there is no figure {name}")
    if '"' in command or "\\" in command:
        sys.exit("plan.py: a command without quotation marks and backslashes, please")
    lines, inside = FIGURES.read_text(encoding="utf-8").splitlines(), ""
    for at, line in enumerate(lines):
        if line.startswith("["):
            inside = line.strip("[]")
        if inside == group and line.startswith(f"{key} = "):
            line = re.sub(r'source = "[^"]*"(, command = "[^"]*")?', f'source = "measured", command = "{command}"', line)
            lines[at] = re.sub(r"value = [0-9.]+", f"value = {value:g}", line)
    FIGURES.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description="Reckons what Passerby takes for many users.")
    parser.add_argument("--with", dest="others", metavar="NAME=VALUE", action="append", default=[])
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("write")
    commands.add_parser("check")
    setting = commands.add_parser("set")
    setting.add_argument("name")
    setting.add_argument("value", type=float)
    setting.add_argument("--measured", metavar="COMMAND", required=True)
    words = parser.parse_args()

    if words.command == "set":
        put(words.name, words.value, words.measured)
    figures = load()
    others = {}
    for word in words.others:
        name, _, value = word.partition("=")
        others[name] = float(value)

    def of(name):
        group, _, key = name.partition(".")
        if key not in figures.get(group, {}):
            sys.exit(f"plan.py: there is no figure {name}")
        return others.get(name, figures[group][key]["value"])

    for name in others:
        of(name)
    blocks = {"figures": table_of_figures(figures), "plan": table_of_plan(of)}
    page = PAGE.read_text(encoding="utf-8") if words.command else ""
    if words.command in ("set", "write"):
        PAGE.write_text(page_with(page, blocks), encoding="utf-8")
    elif words.command == "check":
        if page_with(page, blocks) != page:
            sys.exit(f"plan.py: {PAGE.name} shows other tables than these; run deploy/scaling/plan.py write")
    else:
        print("\n".join(blocks["plan"]))


main()
