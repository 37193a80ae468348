"""`python -m tests.kills`: kill a runner many times and print what came of it."""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

from connectors.vibe.real_server import RealServerUnavailable, RealVibeServer
from tests.kills.aims import PLACES, Killer
from tests.kills.drill import Outcome, run_drill

SHOWN = 10
"""Of what should not be, at most so much is shown."""


def main() -> int:
    """Exit code 0 only if all four numbers are zero and a kill hit every place."""
    options = argparse.ArgumentParser(prog="python -m tests.kills", description=__doc__)
    options.add_argument("--kills", type=int, default=500, help="how many (default: 500)")
    options.add_argument("--seed", type=int, default=None, help="of the choices of people and kills (default: any)")
    options.add_argument("--folder", type=Path, default=None, help="where to keep the log; a temporary one if not given")
    given = options.parse_args()
    seed = random.SystemRandom().randrange(10**6) if given.seed is None else given.seed
    started = time.monotonic()
    try:
        outcome = asyncio.run(_run(given.kills, seed, given.folder))
    except RealServerUnavailable as error:
        print(error, file=sys.stderr)
        return 2
    for line in lines_of(outcome, seed):
        print(line)
    print(f"{time.monotonic() - started:.0f} s")
    return 0 if outcome.account.is_clean and never_hit(outcome.killer) == [] else 1


async def _run(kills: int, seed: int, kept: Path | None) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="kills-") as temporary:
        folder = kept or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        async with RealVibeServer() as server:
            return await run_drill(server, folder, kills=kills, seed=seed, told=_tell)


def _tell(number: int, _killer: Killer) -> None:
    if number % 50 == 0:
        print(f"{number} kills", file=sys.stderr, flush=True)


def never_hit(killer: Killer) -> list[str]:
    """Places where no kill hit."""
    return [place for place in PLACES if not killer.hits[place]]


def lines_of(outcome: Outcome, seed: int) -> list[str]:
    """The table."""
    account, killer, book = outcome.account, outcome.killer, outcome.people.book
    lines = [f"{sum(killer.hits.values())} kills, seed {seed}", "", "they hit"]
    lines += [f"  {killer.hits[place]:5}  {place}" for place in PLACES]
    lines += [f"  {killer.left_open:5}  of them left one more intent without an outcome", ""]
    lines += ["meanwhile people"]
    for what, number in {
        "made items": len(book.items),
        "edited": book.edits,
        "deleted": book.deletions,
        "were overruled in a conflict that is in the log": account.conflicts,
        "kept what another had deleted without having seen it": account.back_again,
        "edited between our look and our write": account.in_the_window,
    }.items():
        lines.append(f"  {number:5}  {what}")
    lines += ["", "in the end"]
    for name, found in account.zeros.items():
        lines.append(f"  {len(found):5}  {name}")
        lines += [f"         {each}" for each in found[:SHOWN]]
    return lines


if __name__ == "__main__":
    sys.exit(main())
