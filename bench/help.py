"""How long `zos --help` takes as a process of its own, beside Python doing nothing.

Out: median and worst of both in seconds. Exit code 1 when the median of `zos --help` is above the target.
"""

from __future__ import annotations

import subprocess
import sys
from statistics import median
from time import perf_counter

TARGET_SECONDS = 0.15
RUNS = 20
HELP = ("-c", "from zos.cli import main; main()", "--help")
NOTHING = ("-c", "pass")


def seconds(*arguments: str) -> float:
    """Run Python once, with these arguments, and return how long it took."""
    started = perf_counter()
    done = subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
    taken = perf_counter() - started
    assert arguments == NOTHING or b"Commands:" in done.stdout
    return taken


def main() -> int:
    """Measure, print, and return the exit code."""
    seconds(*HELP)  # the first run compiles
    shown = [seconds(*HELP) for _ in range(RUNS)]
    bare = [seconds(*NOTHING) for _ in range(RUNS)]
    print(f"zos --help: median {median(shown):.3f} s, worst {max(shown):.3f} s")
    print(f"Python alone: median {median(bare):.3f} s")
    print(f"target: {TARGET_SECONDS} s")
    return 0 if median(shown) <= TARGET_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
