"""Plays histories until one breaks a promise; run by the hunt in a copy of the source with a defect in it."""

import json
import sys

from syncengine.testing.simulation.drawing import draw
from syncengine.testing.simulation.history import play


def main(histories: int) -> None:
    """Print what was found as one line of JSON."""
    for seed in range(histories):
        broken = play(draw(seed, healing=seed % 2 == 1)).broken
        if broken is not None:
            print(json.dumps({"seeds": seed + 1, "invariant": broken.invariant, "story": broken.story}))
            return
    print(json.dumps({"seeds": histories, "invariant": None, "story": ""}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
