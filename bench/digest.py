"""How long the offline digest takes for a window of 200 messages.

In: made-up talk of 25 people whose words are as common as in real chat. Out: median and 95th
percentile in milliseconds of CPU time for 50, 200 and 800 messages. Exit code 1 when the median of 200
is above the target.
"""

from __future__ import annotations

import random
import sys
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from statistics import median, quantiles
from time import process_time

from zos.llm.digest import digest
from zos.llm.request import Material, MaterialItem

TARGET_MS = 10.0
SIZES = (50, 200, 800)
WINDOWS = 40
PEOPLE, WORDS = 25, 4_000
START = datetime(2026, 3, 2, tzinfo=UTC)
FUNCTION_WORDS = "the to and a i you it is in of that for on my was not do have with but at this"


def vocabulary() -> list[str]:
    """Return words, commonest first: real function words, then made-up ones."""
    syllables = [first + vowel for first in "bdfgklmnprstvz" for vowel in "aeiou"]
    made = [f"{syllables[n % 70]}{syllables[n // 70 % 70]}r" for n in range(WORDS)]
    return [*FUNCTION_WORDS.split(), *made]


def window(size: int, seed: int) -> Material:
    """Return a window of `size` messages: a fifth are replies, a tenth questions."""
    talk = random.Random(seed)  # noqa: S311 - nothing secret
    words = vocabulary()
    weights = list(accumulate(1 / (rank + 3) for rank in range(len(words))))
    items = []
    for number in range(size):
        said = " ".join(talk.choices(words, cum_weights=weights, k=talk.randint(2, 24)))
        items.append(
            MaterialItem(
                ref=f"m{number}",
                speaker=f"person {talk.randrange(PEOPLE)}",
                quotable=number % 5 > 0,
                is_bot=False,
                at=START + timedelta(minutes=number),
                text=f"{said}?" if number % 10 == 0 else said,
                reply_to=f"m{talk.randrange(number)}" if number % 5 == 4 else None,
            )
        )
    return Material("#bench", tuple(items))


def milliseconds(material: Material) -> float:
    """Digest once and return the CPU time."""
    started = process_time()
    found = digest(material)
    taken = (process_time() - started) * 1000
    assert not isinstance(found, str), found
    return taken


def main() -> int:
    """Measure, print, and return the exit code."""
    medians = {}
    for size in SIZES:
        taken = [milliseconds(window(size, seed)) for seed in range(WINDOWS)]
        medians[size] = median(taken)
        worst = quantiles(taken, n=20)[-1]
        print(f"{size:4} messages: median {medians[size]:.1f} ms, 95th percentile {worst:.1f} ms")
    print(f"target: {TARGET_MS:.0f} ms for 200")
    return 0 if medians[200] <= TARGET_MS else 1


if __name__ == "__main__":
    sys.exit(main())
