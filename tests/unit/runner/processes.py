"""The command as real processes, in a folder where the shelf connector is installed."""

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from attrs import define

from syncengine.adapters import plugins
from tests.unit.runner import shelf

ROOT = Path(__file__).parents[3]
COMMAND = (sys.executable, "-c", "from syncengine.runner.cli import main; main()")
PATIENCE_S = 60.0


@define
class Processes:
    """Starts `syncengine` in a folder where the shelf connector is installed; ends what is left."""

    home: object
    environ: dict
    started: list

    def start(self, *arguments):
        process = subprocess.Popen(
            (*COMMAND, *arguments),
            cwd=self.home.folder,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def run(self, *arguments):
        """Standard output, standard error, exit code."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=PATIENCE_S)
        return out, err, process.returncode

    def status(self):
        out, err, code = self.run("status", "--json")
        assert code == 0, err
        return json.loads(out)


@contextmanager
def installed(home, tmp_path):
    """Five books on the left; a distribution that offers the shelf connector."""
    for title in ("Middlemarch", "Beloved", "Solaris"):
        home.left.put(title=title)
    place = tmp_path / "installed"
    about = place / "shelf_connector-1.5.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: shelf-connector\nVersion: 1.5\n", "utf-8")
    (about / "entry_points.txt").write_text(f"[{plugins.GROUP}]\nshelf = {shelf.__name__}:plugin\n", "utf-8")
    path = os.pathsep.join([str(place), str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    running = Processes(home, {**os.environ, "PYTHONPATH": path}, [])
    try:
        yield running
    finally:
        end_all(running.started)


def end_all(started):
    """Nothing stays behind."""
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def until(condition, process):
    """Waits for a condition while the process runs."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)


def until_all_is_in_flight(home, process):
    """As many calls as the right shelf allows at once have taken effect, and none of them is answered yet."""
    until(lambda: len(home.right.calls()) == shelf.ShelfConnector.capabilities.max_concurrent_writes, process)
