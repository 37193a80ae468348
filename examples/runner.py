"""A runner of your own: `python runner.py runner.toml` keeps everything the same until Ctrl-C."""

import asyncio
import sys

from syncengine import PassReport, load_settings, open_sync, run_forever


def tell(report: PassReport) -> None:
    """Say what a pass did, unless it was nothing."""
    if not report.quiet:
        print(f"{report.observed} changed, writes {report.writes}, problems {report.problems}", flush=True)


async def main() -> None:
    """Read the settings, open everything, and go on until somebody ends it."""
    settings = load_settings(sys.argv[1])
    async with open_sync(settings) as sync:
        await run_forever(sync, settings.interval_s, on_report=tell)


asyncio.run(main())
