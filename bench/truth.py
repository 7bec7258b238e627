"""The truth test at full length: is the store what Discord shows, whatever happens on the way?

20,000 messages, edits, deletions and reactions on a local Discord, with drops, resumes, invalid sessions,
429s, 503s and malformed payloads, on SQLite and on PostgreSQL. The suite runs the same test with 4,000.
Exit code 1 if anything is missing, doubled or out of order.

    python bench/truth.py [--steps 20000]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEST = "tests/bot/test_truth.py"


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=20_000)
    asked = parser.parse_args()
    command = [sys.executable, "-m", "pytest", TEST, "-q", "--durations=2"]
    environ = {**os.environ, "TRUTH_STEPS": str(asked.steps)}
    return subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
