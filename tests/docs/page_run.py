"""Runs what a page tells its readers to run: one shell, one folder, everything in order."""

import os
import re
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from attrs import frozen

from tests.docs.blocks import Block
from tests.fixtures.installed_wheel import clean_environment

PRACTICE_FOLDER = "/tmp/practice"
"""The folder that the pages use for what they make on disk; the test puts its own in its place."""

_PORT = re.compile(r"(?<=127\.0\.0\.1:)80\d\d\b|(?<=--port )80\d\d\b")
_MARK = re.compile(r"^@@ (\d+)\n", re.MULTILINE)

# Whatever a page starts in the background ends with it.
_HEAD = "set -eu -o pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT\n"

LIMIT_S = 100.0
"""Seconds for a whole page, on a busy machine."""


@frozen(kw_only=True)
class PageRun:
    """
    What came of a page.

    Attributes:
        said: what each block printed, on both streams, by its place in the page.
        failed: the place of the block that ended the run, if one did.
    """

    said: Mapping[int, str]
    failed: int | None


class Surroundings:
    """The reader's machine: a folder, free ports in place of those in the text, and the installed commands."""

    def __init__(self, folder: Path, commands: Path) -> None:
        self.folder = folder
        self._commands = commands
        self._ports: dict[str, str] = {}

    def adapted(self, text: str) -> str:
        """The text with ports and folders of this machine."""
        with_ports = _PORT.sub(lambda port: self._ports.setdefault(port[0], _free_port()), text)
        return with_ports.replace(PRACTICE_FOLDER, str(self.folder))

    def run(self, blocks: Sequence[Block]) -> PageRun:
        """Run the blocks in order until one fails; whatever they leave running is ended."""
        script = self.folder / ".page.sh"
        script.write_text(_HEAD + "".join(self._lines(place, it) for place, it in enumerate(blocks)))
        printed = self.folder / ".page.out"
        # Of its own, or a pytest of the reader would tidy up what earlier runs on this machine left behind, however long it takes.
        temporary = self.folder / ".tmp"
        temporary.mkdir(exist_ok=True)
        with printed.open("wb") as output:
            shell = subprocess.Popen(
                ["bash", str(script)],
                cwd=self.folder,
                env=clean_environment(self._commands) | {"HOME": str(self.folder), "TMPDIR": str(temporary)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                code = shell.wait(LIMIT_S)
            except subprocess.TimeoutExpired:
                code = -1
            finally:
                _end_session(shell)
        _, *parts = _MARK.split(printed.read_text("utf-8", "replace"))
        said = {int(place): text for place, text in zip(parts[::2], parts[1::2], strict=True)}
        return PageRun(said=said, failed=max(said) if code else None)

    def _lines(self, place: int, block: Block) -> str:
        name = block.options.get("file") or f".block-{place}"
        kept = self.folder / (f".{place}-{Path(name).name}" if "file" in block.options else name)
        kept.write_text(self.adapted(block.content))
        mark = f"echo; echo '@@ {place}'\n"
        if "file" in block.options:
            return f"{mark}mkdir -p {Path(name).parent}; cp {kept} {name}\n"
        return f"{mark}{'python' if block.language == 'python' else '.'} {kept}\n"


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def _end_session(shell: "subprocess.Popen[bytes]") -> None:
    """End a shell that hangs and all it started, by the id of its session; a shell that came to its end did so itself."""
    if shell.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGKILL)
        shell.wait()


def missing_line(expected: str, printed: str) -> str | None:
    """
    The first line of the expected output that is not in the printed one, in its order; None when all are.

    White space is not compared; `...` stands for anything within a line, and alone on a line for lines.
    """
    lines = iter(" ".join(line.split()) for line in printed.splitlines())
    for line in (" ".join(it.split()) for it in expected.splitlines()):
        if not line or line == "...":
            continue
        pattern = re.compile(".*".join(re.escape(part.strip()) for part in line.split("...")))
        if not any(pattern.search(there) for there in lines):
            return line
    return None
