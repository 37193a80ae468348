"""
Play histories, or one history again.

    python -m syncengine.testing.simulation --histories 10000 --jobs 2
    python -m syncengine.testing.simulation --replay 4711 --mode liveness
"""

import argparse
import sys
from collections.abc import Callable
from typing import get_args

from syncengine.testing.simulation.reports import Failure, Mode, replay_command
from syncengine.testing.simulation.simulate import simulate, story_of


def main(arguments: list[str]) -> int:
    """Do what the command line says; the exit code is 1 when a promise was broken."""
    asked = _parser().parse_args(arguments)
    if asked.replay is not None:
        return _replay(asked.replay, healing=asked.mode == "liveness")
    report = simulate(
        asked.histories,
        seed=asked.seed,
        mode=asked.mode,
        jobs=asked.jobs,
        failures=asked.failures,
        progress=_told_now_and_then(asked.histories),
        alarm=_sound_the_alarm,
    )
    _say(report)
    return 0 if report.ok else 1


def _replay(seed: int, *, healing: bool) -> int:
    story = story_of(seed, healing=healing)
    if isinstance(story, Failure):
        _say(story)
        return 1
    _say("\n".join((*story, "no promise was broken")))
    return 0


def _say(what: object) -> None:
    sys.stdout.write(f"{what}\n")


def _sound_the_alarm(seed: int, mode: Mode) -> None:
    """In a simulation of hours nobody wants to wait for the end."""
    sys.stderr.write(f"a promise is broken: {replay_command(seed, mode)}\n")


def _told_now_and_then(histories: int) -> Callable[[int], None]:
    step = max(histories // 10, 1000)
    next_one = step

    def tell(played: int) -> None:
        nonlocal next_one
        if played >= next_one and played < histories:
            sys.stderr.write(f"{played} histories\n")
            next_one += step

    return tell


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m syncengine.testing.simulation", description=__doc__.split("\n")[1])
    parser.add_argument("--histories", type=int, default=1000, help="how many histories to play (1000)")
    parser.add_argument("--jobs", type=int, default=1, help="worker processes (1)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first history (0)")
    parser.add_argument("--mode", choices=get_args(Mode), default="both", help="faults to the end, or until they stop")
    parser.add_argument("--failures", type=int, default=1, help="stop after so many failing histories (1)")
    parser.add_argument("--replay", type=int, metavar="SEED", help="play this history and print its story")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
