#!/usr/bin/env python3
"""Compares the commands and flags of nestbox with those of Docker and Podman, from what the programs say of themselves.

usage: table.py collect               print peers.json, from the docker and podman that are installed
       table.py write NESTBOX README  put the table into the README, between its two marks
       table.py check NESTBOX README  fail when the table there is not what `write` would put there
"""
import json
import os
import re
import subprocess
import sys

PEERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers.json")
MARKS = ("<!-- comparison: made by `make comparison` -->", "<!-- end of comparison -->")


def split(text):
    """The words of the list above: single commands, then pairs."""
    singles, pairs = [], []
    for part in text.split("|"):
        words = part.split()
        if len(words) == 2:
            pairs.append(" ".join(words))
        else:
            singles += words
    return singles + pairs


COMMANDS = split("""attach commit cp create diff events exec export history images import info inspect kill load logs pause
port ps rename restart rm rmi run save start stats stop tag top unpause update version wait pull push login logout search build
|container inspect|container ls|container prune|image inspect|image ls|image prune|network connect|network create
|network disconnect|network inspect|network ls|network prune|network rm|volume create|volume inspect|volume ls|volume prune
|volume rm|system df|system prune""")


def flags_of_help(text):
    """Long names by a line's beginning, with the short one where there is one."""
    found = {}
    for line in text.splitlines():
        match = re.match(r"^\s+(?:(-\w), )?--([\w-]+)\b", line)
        if match and match.group(2) != "help":
            found["--" + match.group(2)] = match.group(1)
    return found


def collect(program):
    version = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    commands = {}
    for command in COMMANDS:
        # A configuration folder of nobody's: plugins would add commands of their own.
        run = subprocess.run(
            [program, *command.split(), "--help"], capture_output=True, text=True, env={**os.environ, "DOCKER_CONFIG": "/nonexistent"})
        if run.returncode == 0 and "Usage" in run.stdout and program in run.stdout:
            commands[command] = flags_of_help(run.stdout)
    return {"version": re.search(r"\d+\.\d+\.\d+", version).group(), "commands": commands}


def own_commands(nestbox):
    dump = subprocess.run([nestbox, "--experimental-dump-help"], capture_output=True, text=True, check=True).stdout
    result = {}

    def visit(command, path):
        children = [c for c in command.get("subcommands", []) if c["commandName"] != "help"]
        if not children:
            flags = {}
            for argument in command.get("arguments", []):
                names = argument.get("names", [])
                short = next(("-" + n["name"] for n in names if n["kind"] == "short"), None)
                for name in names:
                    if name["kind"] == "long" and name["name"] not in ("help", "version"):
                        flags["--" + name["name"]] = short
            result[" ".join(path)] = flags
        for child in children:
            visit(child, path + [child["commandName"]])

    visit(json.loads(dump)["command"], [])
    return result


def names(flags):
    return " ".join("`%s`" % flag for flag in flags) or "–"


def table(nestbox):
    own = own_commands(nestbox)
    with open(PEERS, encoding="utf-8") as file:
        peers = json.load(file)
    docker, podman = peers["docker"], peers["podman"]
    lines = [
        "Docker %s, Podman %s. \"–\": nothing is missing." % (docker["version"], podman["version"]),
        "",
        "| command | flags that Docker or Podman have, too | missing of Docker's | missing of Podman's | only here |",
        "| --- | --- | --- | --- | --- |",
    ]
    counts = {"docker": [0, 0], "podman": [0, 0]}
    missing = []
    for command in COMMANDS:
        theirs = {name: peer["commands"].get(command) for name, peer in peers.items()}
        if command not in own:
            if any(flags is not None for flags in theirs.values()):
                missing.append("`%s`%s" % (command, "" if theirs["docker"] is not None else " (Podman's)"))
            continue
        flags = own[command]
        known = set().union(*[set(f or {}) for f in theirs.values()])
        cells = []
        for name in ("docker", "podman"):
            if theirs[name] is None:
                cells.append("no such command")
                continue
            gaps = sorted(set(theirs[name]) - set(flags))
            counts[name][0] += len(theirs[name]) - len(gaps)
            counts[name][1] += len(theirs[name])
            cells.append(names(gaps))
        lines.append("| `%s` | %s | %s | %s | %s |" % (
            command, names(sorted(set(flags) & known)), cells[0], cells[1], names(sorted(set(flags) - known))))
    # `container stop` is `stop`.
    others = sorted(c for c in set(own) - set(COMMANDS) if c.split(" ", 1)[-1] not in COMMANDS or " " not in c)
    lines += [
        "",
        "Of the flags of these commands, %d of Docker's %d and %d of Podman's %d are here." % (
            *counts["docker"], *counts["podman"]),
        "Commands that are missing: %s." % ", ".join(missing),
        "Other commands here: %s." % ", ".join("`%s`" % c for c in others if c),
    ]
    return "\n".join(lines)


def main(arguments):
    if arguments[:1] == ["collect"]:
        print(json.dumps({name: collect(name) for name in ("docker", "podman")}, indent=1, sort_keys=True))
        return 0
    if len(arguments) != 3 or arguments[0] not in ("write", "check"):
        print(__doc__, file=sys.stderr)
        return 2
    action, nestbox, readme = arguments
    with open(readme, encoding="utf-8") as file:
        text = file.read()
    begin, end = text.index(MARKS[0]) + len(MARKS[0]), text.index(MARKS[1])
    new = text[:begin] + "\n\n" + table(nestbox) + "\n\n" + text[end:]
    if action == "check":
        if new == text:
            return 0
        print("the comparison in %s is not that of %s: run 'make comparison'" % (readme, nestbox), file=sys.stderr)
        return 1
    with open(readme, "w", encoding="utf-8") as file:
        file.write(new)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
