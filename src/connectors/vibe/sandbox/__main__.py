"""Runs a sandbox until SIGINT or SIGTERM; see ``--help``."""

import argparse
import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from connectors.vibe.sandbox.server import VibeSandbox


def main() -> int:
    """Serves until told to end; exit code 0 then, 1 when the port cannot be had."""
    parser = argparse.ArgumentParser(
        prog="python -m connectors.vibe.sandbox", description="A Vibe Kanban 0.0.71 for tests, on 127.0.0.1."
    )
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0, the default: any free one")
    parser.add_argument("--root", type=Path, help="folder for relative repository paths; default: a temporary one")
    chosen = parser.parse_args()
    try:
        asyncio.run(_serve(VibeSandbox(root=chosen.root, port=chosen.port)))
    except OSError as error:
        sys.stderr.write(f"The Vibe sandbox cannot listen on 127.0.0.1:{chosen.port}: {error}. Try --port 0.\n")
        return 1
    return 0


async def _serve(sandbox: VibeSandbox) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with sandbox:
        sys.stdout.write(json.dumps({"url": sandbox.base_url, "pid": os.getpid()}) + "\n")
        sys.stdout.flush()
        await ended.wait()


if __name__ == "__main__":
    sys.exit(main())
