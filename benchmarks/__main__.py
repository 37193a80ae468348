"""Speed, as ratios against floors taken in the same run: `python -m benchmarks [--scale 0.1]`."""

import argparse
import platform
import sqlite3
from itertools import chain

from benchmarks.bench_engine import measure_engine
from benchmarks.bench_lines import measure_lines
from benchmarks.bench_log import measure_log


def main() -> None:
    """Measure everything and print one table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="below 1 for a quick look; the goals are meant for 1")
    scale = parser.parse_args().scale
    print(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, scale {scale:g}\n")
    for row in chain(measure_log(scale), measure_engine(scale), measure_lines(scale)):
        print(row, flush=True)


if __name__ == "__main__":
    main()
