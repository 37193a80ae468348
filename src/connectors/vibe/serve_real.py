"""
Runs the real Vibe Kanban 0.0.71 until SIGINT or SIGTERM: `python -m connectors.vibe.serve_real --root FOLDER`.

Prints one line of JSON with its address as soon as it answers, like the sandbox; the first time it is fetched with npm.
"""

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

from connectors.vibe.real_server import RealServerFailedError, RealServerUnavailable, RealVibeServer


def main() -> int:
    """Serves until told to end; exit code 0 then, 1 when the server cannot be had or does not start."""
    parser = argparse.ArgumentParser(
        prog="python -m connectors.vibe.serve_real", description="The real Vibe Kanban 0.0.71, on 127.0.0.1."
    )
    parser.add_argument("--root", type=Path, help="folder for all that it reads and writes; default: a temporary one")
    chosen = parser.parse_args()
    try:
        asyncio.run(_serve(RealVibeServer(root=chosen.root)))
    except (RealServerUnavailable, RealServerFailedError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


async def _serve(server: RealVibeServer) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with server:
        sys.stdout.write(json.dumps({"url": server.base_url, "pid": server.pid}) + "\n")
        sys.stdout.flush()
        await ended.wait()


if __name__ == "__main__":
    sys.exit(main())
