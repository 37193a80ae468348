"""
Runs a module as `python -m` does, in a process that ends when the one that started it does.

    python -m syncengine.runner.demo.tied_process MODULE ARGUMENTS...

The tie is standard input: the demo holds the other end and never writes. However the demo ends, SIGKILL included, the
system closes that end, and this process sends itself SIGTERM.
"""

import os
import runpy
import signal
import sys
import threading
import time

GRACE_S = 25.0
"""Seconds for an orderly end after the tie is cut."""


def tie_to_standard_input() -> None:
    """End this process, orderly if it can, when standard input ends."""
    threading.Thread(target=_wait_and_end, name="tie", daemon=True).start()


def _wait_and_end() -> None:
    while os.read(0, 4096):
        pass
    _end(signal.SIGTERM)
    time.sleep(GRACE_S)
    _end(signal.SIGKILL)


def _end(number: signal.Signals) -> None:
    """A signal to this process, and to what it started if its group is its own."""
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), number)
    else:
        os.kill(os.getpid(), number)


def main() -> None:
    """Run the module that the command line names."""
    module = sys.argv[1]
    del sys.argv[0]
    tie_to_standard_input()
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
