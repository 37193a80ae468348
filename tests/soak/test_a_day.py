"""A day of a service in a process of its own: what it holds is its own, and a day that hangs ends with that process."""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

DAY = Path(__file__).with_name("a_day.py")
ROOT = DAY.parents[2]
LONGEST_S = 900
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder in it gets a name of its own


@pytest.mark.slow
@pytest.mark.timeout(LONGEST_S + 60)
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads what the process holds from /proc")
def test_a_service_survives_a_day():
    """The day is about the process and not about the disk, so its log lies in memory where that can be had."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    where = MEMORY if os.access(MEMORY, os.W_OK) else None
    with TemporaryDirectory(dir=where, prefix="a-day-") as folder:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-s",
            "-p",
            "no:cacheprovider",
            f"--basetemp={folder}/day",
            str(DAY),
        ]
        done = subprocess.run(
            command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=LONGEST_S, check=False
        )
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
