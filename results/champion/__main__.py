"""Measures all that the champion must show, one after another, and writes the pages beside this file.

python results/champion                 # all, in some minutes; nothing else should run meanwhile
python results/champion hits cold       # these

A line for every target goes to standard output. The exit code is 1 if one is missed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from stampede.reports import files

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PAGES = ("hits", "warm", "cold", "outage", "pushes", "leftovers")
PROMISES = "two_level"
"""Which has a page of its own in the folder above."""


def main() -> None:
    """Measure what is wanted."""
    options = argparse.ArgumentParser(prog="python results/champion")
    options.add_argument("page", nargs="*", help=f"of {', '.join((*PAGES, PROMISES))} (default: all)")
    options.add_argument("--into", type=Path, default=HERE, help="the folder to write to")
    options.add_argument("--tiny", action="store_true", help="one trial of almost nothing, to see that it works")
    options.add_argument("--no-promises", action="store_true", help=f"all but {PROMISES}, which has its own command")
    given = options.parse_args()
    if unknown := set(given.page) - {*PAGES, PROMISES}:
        options.error(f"there is no {' and no '.join(unknown)}")
    given.into.mkdir(parents=True, exist_ok=True)
    chosen = given.page or [*PAGES, *([] if given.no_promises else [PROMISES])]
    kept = [measured(name, given.into, given.tiny) for name in chosen]
    sys.exit(not all(kept))


def measured(name: str, into: Path, tiny: bool) -> bool:
    """Measure one page, write it, and say what became of its targets; whether all were kept."""
    began = time.monotonic()
    script = ROOT / "results" / (f"{name}.py" if name == PROMISES else f"champion/{name}.py")
    words = ["--tiny"] if tiny and name != PROMISES else []
    command = [sys.executable, str(script), *words]
    done = subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.PIPE, text=True)
    if not done.stdout.startswith("# "):
        sys.exit(f"{script} ended with {done.returncode}, and has measured nothing")
    path = into.parent / "two-level.md" if name == PROMISES else into / f"{name}.md"
    files.write(path, [done.stdout.encode()])
    targets = [
        line.strip("| ").split(" | ") for line in done.stdout.splitlines() if line.endswith((" yes |", " NO |"))
    ]
    print(f"{name} ({time.monotonic() - began:.0f} s)")
    for *what, verdict in targets:
        print(f"  {verdict:3}  {'; '.join(what)}", flush=True)
    return bool(targets) and all(verdict == "yes" for *_, verdict in targets)


if __name__ == "__main__":
    main()
