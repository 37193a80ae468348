"""Runs the sandbox as a process of its own: `python -m connectors.huly.sandbox --port 0`.

Prints one line of JSON with addresses, account and workspace as soon as it listens, and runs until SIGINT or SIGTERM.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from connectors.huly.sandbox.server import HulySandbox
from connectors.huly.sandbox.settings import SandboxSettings


def main() -> None:
    """Reads the command line and serves."""
    asyncio.run(_serve(_arguments()))


def _arguments() -> argparse.Namespace:
    defaults = SandboxSettings()
    parser = argparse.ArgumentParser(prog="connectors.huly.sandbox", description="A stand-in for a Huly server.")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 lets the system choose")
    parser.add_argument("--state", type=Path, help="file that keeps everything between two runs")
    parser.add_argument("--email", default="connector@example.com", help="account of the connector")
    parser.add_argument("--password", default="sandbox", help="password of all accounts")
    parser.add_argument("--slug", default="demo", help="workspace")
    parser.add_argument("--default-project", action="store_true", help="with the stock project TSK")
    parser.add_argument("--rate-limit", type=int, default=defaults.rate_limit, help="requests per window and account")
    parser.add_argument("--rate-window-s", type=float, default=defaults.rate_window_s, help="window in seconds")
    parser.add_argument("--until-stdin-closes", action="store_true", help="also stop when standard input ends")
    return parser.parse_args()


async def _serve(arguments: argparse.Namespace) -> None:
    sandbox = HulySandbox(
        email=arguments.email,
        password=arguments.password,
        slug=arguments.slug,
        port=arguments.port,
        state=arguments.state,
        default_project=arguments.default_project,
        settings=SandboxSettings(rate_limit=arguments.rate_limit, rate_window_s=arguments.rate_window_s),
    )
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    async with sandbox:
        sys.stdout.write(json.dumps(sandbox.info()) + "\n")
        sys.stdout.flush()
        if arguments.until_stdin_closes:
            loop.add_reader(sys.stdin.fileno(), _stop_at_end, stopping)
        await stopping.wait()


def _stop_at_end(stopping: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        stopping.set()


if __name__ == "__main__":
    main()
