"""What `import syncengine` offers, and what it costs."""

import subprocess
import sys

import pytest

import syncengine


def test_every_public_name_is_there():
    """Sorted, without doubles, each loadable, and listed by `dir`."""
    assert syncengine.__all__ == sorted(set(syncengine.__all__))
    for name in syncengine.__all__:
        assert getattr(syncengine, name).__name__ == name
    assert set(syncengine.__all__) <= set(dir(syncengine))


def test_other_names_are_not_there():
    """With the usual error."""
    with pytest.raises(AttributeError, match="module 'syncengine' has no attribute 'sync_everything'"):
        syncengine.sync_everything  # noqa: B018


def test_importing_costs_next_to_nothing():
    """Neither the event store nor any other library is loaded, and not the runner either."""
    code = "import sys; before = set(sys.modules); import syncengine; print(*sorted(set(sys.modules) - before))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"eventsourcing", "attrs", "cattrs", "aiohttp", "typer", "rich", "structlog", "asyncio"}
    assert [name for name in loaded if name.partition(".")[0] in heavy or name.startswith("syncengine.")] == []


def test_names_are_loaded_without_the_event_store():
    """Also everything a program needs to run a synchronisation; opening a log loads it."""
    code = "import sys, syncengine; [getattr(syncengine, name) for name in syncengine.__all__]; print('eventsourcing' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
