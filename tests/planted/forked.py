"""
Tests run in a forked process, so that what no defect changes is imported once and not by each process anew.

Only packages of others are imported here. The project itself is imported in the new process, from the copy it is given.
"""

import gc
import json
import multiprocessing
import os
import signal
import sys
from importlib import import_module
from pathlib import Path

import pytest
from attrs import define, field, frozen

ROOT = Path(__file__).parents[2]

_OF_OTHERS = (
    "_hypothesis_pytestplugin",
    "aiohttp.test_utils",
    "aiohttp.web",
    "aiolimiter",
    "cattrs.preconf.orjson",
    "circuitbreaker",
    "eventsourcing.sqlite",
    "filelock",
    "hypothesis.stateful",
    "markdown_it",
    "opentelemetry.exporter.prometheus",
    "opentelemetry.sdk.metrics",
    "opentelemetry.sdk.trace",
    "psycopg_pool",
    "pytest_asyncio.plugin",
    "pytest_timeout",
    "structlog",
    "typer.testing",
)
for _name in _OF_OTHERS:
    import_module(_name)

_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload([__name__])

# An assertion that is not rewritten fails as well, and the modules of the tests are not compiled each time.
_OPTIONS = ("-q", "--no-header", "--tb=line", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:xdist")
_PLUGINS = ("-p", "tests.planted.imported", "-p", "tests.fixtures.hypothesis_profiles")


class TooLong(Exception):
    """The tests were stopped."""


@frozen(kw_only=True)
class Run:
    """
    What became of some tests.

    Attributes:
        code: as pytest ends; -1 when it did not come to an end by itself.
        failed: node ids.
        output: what was printed.
    """

    code: int
    failed: frozenset[str]
    output: str


@frozen(kw_only=True)
class _Order:
    copy: Path
    nodes: tuple[str, ...]
    enough: frozenset[str]
    keep_bytecode: bool


def run(
    copy: Path,
    nodes: tuple[str, ...],
    *,
    longest_s: float,
    enough: frozenset[str] = frozenset(),
    keep_bytecode: bool = False,
) -> Run:
    """
    Run these tests on a copy of the source in a process of their own.

    Args:
        copy: a folder with `src/` in it, for one run at a time.
        enough: when all of these have failed, the rest has nothing more to say; none for all tests to run.
        keep_bytecode: later runs on this copy need not compile what was imported in this one and is unchanged.

    Raises:
        TooLong: they are not done after `longest_s` seconds.
    """
    result, output = copy / "result.json", copy / "output.txt"
    result.unlink(missing_ok=True)
    order = _Order(copy=copy, nodes=nodes, enough=enough, keep_bytecode=keep_bytecode)
    process = _FORKING.Process(target=_obey, args=(order, result, output))
    process.start()
    process.join(longest_s)
    if process.exitcode is None:
        # With whatever it has started.
        os.killpg(process.pid, signal.SIGKILL)
        process.join()
        raise TooLong(f"the tests ran longer than {longest_s:.0f} seconds")
    text = output.read_text("utf-8", "replace") if output.exists() else ""
    if not result.exists():
        return Run(code=-1, failed=frozenset(), output=text)
    code, failed = json.loads(result.read_text("utf-8"))
    return Run(code=code, failed=frozenset(failed), output=text)


def _obey(order: _Order, result: Path, output: Path) -> None:
    """In the new process."""
    os.setpgrp()
    gc.freeze()  # what was imported before stays; pytest need not look for it when it collects garbage
    with output.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    _use(order)
    failures = _Failures(order.enough)
    # Folders with numbers would stay behind: this process ends without what others do at the end.
    code = pytest.main([*_OPTIONS, *_PLUGINS, f"--basetemp={order.copy / 'tmp'}", *order.nodes], plugins=[failures])
    result.write_text(json.dumps([int(code), sorted(failures.failed)]), "utf-8")


def _use(order: _Order) -> None:
    source, bytecode = str(order.copy / "src"), str(order.copy / "bytecode")
    sys.path[:0] = [source, str(ROOT)]
    sys.pycache_prefix, sys.dont_write_bytecode = bytecode, not order.keep_bytecode
    os.chdir(ROOT)
    # For the processes that tests start as well.
    os.environ |= {
        "PYTHONPATH": os.pathsep.join([source, str(ROOT)]),
        "PYTHONPYCACHEPREFIX": bytecode,
        "PYTHONDONTWRITEBYTECODE": "" if order.keep_bytecode else "1",
        "PLANTED_SRC": source,
        "HYPOTHESIS_PROFILE": "planted",
        "COVERAGE_PROCESS_START": "",
    }


@define(eq=False)
class _Failures:
    """A plugin of pytest: notes what fails, and ends when that is enough."""

    enough: frozenset[str]
    failed: set[str] = field(factory=set)
    _session: pytest.Session | None = None

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self._session = session

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            # A node with parameters is one example of a test; one without stands for any of them.
            self.failed |= {report.nodeid, report.nodeid.split("[")[0]}
        if self.enough and self.enough <= self.failed:
            self._session.shouldfail = "that is enough"
