"""What telling costs: a log line, the search for secrets in it, and a scrape, against making the same text once."""

import io
import json
import time
from collections.abc import Callable
from uuid import UUID

from benchmarks.measured import Measured
from syncengine.engine import notes
from syncengine.redaction import Secret, is_clean
from syncengine.runner.log_lines.set_up import LoggedTelemetry, set_up_logs, take_down_logs

_LINE = {"event": "write.outcome", "sync_id": "ab" * 16, "link_id": "cd" * 16, "reason": "x " * 100}


def measure_lines(scale: float = 1.0) -> list[Measured]:
    """All rows; `scale` below 1 for a quick look."""
    times = max(20, int(500 * scale))
    held = [Secret(f"secret-number-{number}/{number * 7919:x}") for number in range(20)]
    text = json.dumps(_LINE)
    floor_s = _best(lambda: json.dumps(_LINE), times)
    rows = [_row("search of a clean line for twenty secrets", _best(lambda: is_clean(text), times), floor_s)]
    telemetry = LoggedTelemetry()
    loud = notes.WriteSent(link_id=UUID(int=1), intent_id="ab" * 16, endpoint="huly", operation="update", attempt=1)
    quiet = notes.LinkEnded(pairing="a = b", link_id=UUID(int=1))
    set_up_logs("json", stream=io.StringIO())
    try:
        rows.append(_row("a log line", _best(lambda: telemetry.note(loud), times), floor_s))
        rows.append(_row("a log line below its level", _best(lambda: telemetry.note(quiet), times), floor_s))
    finally:
        take_down_logs()
    assert len(held) == 20, "known as long as somebody holds them"
    return rows


def _row(what: str, seconds: float, floor_s: float) -> Measured:
    detail = f"{seconds * 1e6:.1f} us against {floor_s * 1e6:.1f} us for one json.dumps of a line"
    return Measured(what=what, unit="x", value=seconds / floor_s, detail=detail)


def _best(act: Callable[[], object], times: int) -> float:
    """Seconds of the processor for one, the best of several runs."""

    def once() -> float:
        started = time.thread_time()
        for _ in range(times):
            act()
        return (time.thread_time() - started) / times

    return min(once() for _ in range(9))
