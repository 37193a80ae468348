"""`syncengine demo` as a person starts it: a process of its own, from the first line to the exit code."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest
from attrs import define, field

from syncengine.runner.cli import exit_codes
from syncengine.runner.demo.scenario import PROJECTS, new_items

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

# A shell that starts the tests in the background, or under `nohup`, has these signals ignored by all that follows.
PROGRAM = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
from syncengine.runner.cli import main
main()
"""
COMMAND = (sys.executable, "-c", PROGRAM, "demo")
PATIENCE_S = 240.0
MADE = len(PROJECTS[0].items) + sum(len(items) for items in PROJECTS[0].new_in.values())
SURVIVORS = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc to see processes of others")


@define
class Demos:
    """Starts demos whose processes can be told from all others, and whose temporary folders are in a folder of ours."""

    tmp: Path
    mark: str = field(factory=lambda: uuid4().hex)
    started: list[subprocess.Popen] = field(factory=list)

    def start(self, *arguments: str, **environ: str) -> subprocess.Popen:
        """A demo at work."""
        own = {"TMPDIR": str(self.tmp), "SYNCENGINE_TEST_MARK": self.mark, "COLUMNS": "100", "NO_COLOR": "1"}
        process = subprocess.Popen(
            (*COMMAND, *arguments),
            env={**os.environ, **own, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def run(self, *arguments: str, **environ: str) -> tuple[str, str, int]:
        """Standard output, standard error and exit code of a whole demo."""
        process = self.start(*arguments, **environ)
        out, err = process.communicate(timeout=PATIENCE_S)
        return out, err, process.returncode

    def survivors(self) -> list[str]:
        """Command lines of all processes that a demo of ours started, directly or not, and that still run."""
        return [self._command(pid) for pid in self._pids() if self._is_ours(pid)]

    def _pids(self) -> list[str]:
        return [it.name for it in Path("/proc").iterdir() if it.name.isdigit() and int(it.name) != os.getpid()]

    def _is_ours(self, pid: str) -> bool:
        # By what it inherited, or, for a server that gets another environment, by where it works.
        try:
            inherited = Path("/proc", pid, "environ").read_bytes()
            return self.mark.encode() in inherited or Path("/proc", pid, "cwd").readlink().is_relative_to(self.tmp)
        except OSError:
            return False

    def _command(self, pid: str) -> str:
        try:
            return Path("/proc", pid, "cmdline").read_text().replace("\0", " ")
        except OSError:
            return pid


@pytest.fixture
def demos(tmp_path: Path) -> Iterator[Demos]:
    """Demos; the processes of one that a failed test left are ended."""
    made = Demos(tmp_path)
    yield made
    for process in made.started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def until(what: Callable[[], object], *, patience_s: float = PATIENCE_S) -> None:
    """Wait for a condition."""
    give_up_at = time.monotonic() + patience_s
    while not what():
        assert time.monotonic() < give_up_at, "it did not happen in time"
        time.sleep(0.02)


def row(text: str, name: str) -> list[int]:
    """The numbers behind a name in the table."""
    (found,) = re.findall(rf"^\s*{name}((?:\s+\d+)+)$", text, re.MULTILINE)
    return [int(number) for number in found.split()]


def number(text: str, words: str) -> int:
    """The number behind some words."""
    (found,) = re.findall(rf"{words}\s+(\d+)", text)
    return int(found)


def check_the_table(out: str) -> None:
    """All items on both sides, none twice, none missing, no intent open."""
    for project in PROJECTS:
        assert row(out, project.name) == [MADE, MADE, MADE, 0, 0]
    assert row(out, "all") == [3 * MADE, 3 * MADE, 3 * MADE, 0, 0]
    assert number(out, "intents open when it was killed") == number(out, "settled by looking") > 0
    assert number(out, "intents open now") == 0
    assert number(out, "conflicts decided") == 3


def check_the_progress(out: str) -> None:
    """It goes from nothing to all, and after the kill from what was confirmed before it."""
    first = [int(done) for done in re.findall(r"made in Vibe Kanban: (\d+) of 63$", out, re.MULTILINE)]
    assert (first[0], first[-1]) == (0, 63)
    assert first == sorted(first)
    before, after = (
        [int(done) for done in re.findall(r"new items, confirmed: (\d+) of 24$", chapter, re.MULTILINE)]
        for chapter in out.split("SIGKILL for")
    )
    assert 0 == before[0] < before[-1] <= after[0] < after[-1] == 24
    assert after == sorted(after)


@SURVIVORS
def test_everything_arrives_once_and_the_story_is_told(demos: Demos):
    """The table, the conflicts, the story of an item in flight, what to do next; and nothing is left behind."""
    out, err, code = demos.run()
    assert (err, code) == ("", exit_codes.OK), out
    check_the_table(out)
    check_the_progress(out)
    assert re.search(r'"Translate all help pages" \(Huly\)\s+"Localise the help pages"', out), "what was given up is shown"
    story = " ".join(out.partition("What happened to")[2].split())
    told = (
        "first seen on huly",
        "decided to create it on vibe",
        "the process stopped",
        "looked on vibe",
        "nothing is open",
    )
    places = [story.find(words) for words in told]
    assert -1 not in places, (told, story)
    assert places == sorted(places)
    assert "nothing was sent again" in story
    assert "syncengine init" in out
    assert all(len(line) <= 100 and line == line.rstrip() for line in out.splitlines())
    assert demos.survivors() == []
    assert list(demos.tmp.iterdir()) == []


def test_json_is_all_that_a_program_gets(demos: Demos, tmp_path: Path):
    """The numbers as data, and the folder that is kept, whose log answers `status` and `explain` afterwards."""
    folder = tmp_path / "kept {here}"
    out, err, code = demos.run("--json", "--folder", str(folder))
    assert (err, code) == ("", exit_codes.OK)
    found = json.loads(out)
    assert found["ok"]
    assert found["faults"] == []
    assert [it["held"] for it in found["projects"]] == [{"huly": MADE, "vibe": MADE}] * 3
    assert (found["total"]["duplicates"], found["total"]["missing"], found["open_intents"]) == (0, 0, 0)
    kill = found["kill"]
    assert kill["signal"] == "SIGKILL"
    assert 0 < kill["arrived"] < kill["new_items"] == len(new_items("huly")) + len(new_items("vibe"))
    assert kill["in_flight"] >= 2, "one create on each side"
    settled = found["settled"]
    assert settled["by_looking"] == kill["open_intents"] > settled["found"] >= 2
    assert {it["winner"] for it in found["conflicts"]} == {"huly"}
    assert found["seconds"] > 0
    assert found["folder"] == str(folder)
    check_the_kept_log(folder, found["story"]["label"])


def check_the_kept_log(folder: Path, label: str) -> None:
    """What a person may ask of it after the servers are gone."""
    config = ("--config", str(folder / "syncengine.toml"))
    command = COMMAND[:-1]
    status = subprocess.run([*command, *config, "status", "--json"], capture_output=True, text=True, check=True)
    assert json.loads(status.stdout)["open_writes"] == []
    explained = subprocess.run([*command, *config, "explain", label], capture_output=True, text=True, check=True)
    assert "nothing was sent again" in explained.stdout


def test_a_doubled_task_is_found(demos: Demos, tmp_path: Path):
    """Somebody makes a task again that is there already: the demo counts, and does not assume."""
    folder = tmp_path / "folder"
    process = demos.start("--json", "--folder", str(folder))
    until(lambda: process.poll() is not None or (folder / "syncengine.toml").exists())
    asyncio.run(double_a_task(folder / "syncengine.toml", title="Redesign the search"))
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == exit_codes.PROBLEMS
    found = json.loads(out)
    assert not found["ok"]
    assert found["total"]["duplicates"] >= 1
    assert any('"Redesign the search"' in fault and "more than once" in fault for fault in found["faults"])
    assert "more than once" in err


async def double_a_task(settings: Path, *, title: str) -> None:
    """Once the task is in Vibe Kanban, make another one of the same title beside it."""
    url = tomllib.loads(settings.read_text())["endpoints"]["vibe"]["url"]
    async with aiohttp.ClientSession() as session:

        async def asked(method: str, path: str, **more: object):
            async with session.request(method, f"{url}/_control/{path}", **more) as answer:
                assert answer.status == 200, await answer.text()
                return await answer.json()

        give_up_at = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up_at:
            for project in await asked("GET", "projects"):
                tasks = await asked("GET", "tasks", params={"project": project["id"]})
                if title in {task["title"] for task in tasks}:
                    await asked("POST", "tasks", json={"project": project["id"], "title": title})
                    return
            await asyncio.sleep(0.05)
    raise AssertionError(f'"{title}" never came to Vibe Kanban')


@SURVIVORS
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda it: it.name)
def test_whoever_ends_it_early_finds_nothing_left(demos: Demos, number: signal.Signals):
    """Ctrl-C, a polite end and a closed terminal: the servers and the worker are ended, the folder is removed."""
    process = demos.start()
    until(lambda: process.poll() is not None or list(demos.tmp.glob("*/syncengine.db")))
    process.send_signal(number)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == exit_codes.INTERRUPTED
    assert "Traceback" not in err
    assert demos.survivors() == []
    assert list(demos.tmp.iterdir()) == []


@SURVIVORS
def test_not_even_a_kill_of_the_demo_itself_leaves_a_process(demos: Demos):
    """After SIGKILL nobody is there to end the others; they end themselves."""
    process = demos.start()
    until(lambda: process.poll() is not None or list(demos.tmp.glob("*/syncengine.db")))
    assert len(demos.survivors()) >= 4, "the demo, two servers, a worker"
    process.kill()
    until(lambda: not demos.survivors(), patience_s=60)


def test_a_folder_that_holds_something_is_left_alone(demos: Demos, tmp_path: Path):
    """One message, and nothing is started or written."""
    (tmp_path / "mine.txt").write_text("precious")
    out, err, code = demos.run("--folder", str(tmp_path))
    assert (out, code) == ("", exit_codes.SETTINGS)
    assert str(tmp_path) in err.replace("\n", "")
    assert [it.name for it in tmp_path.iterdir()] == ["mine.txt"]


@SURVIVORS
def test_without_npm_the_real_server_is_refused_in_words(demos: Demos, tmp_path: Path):
    """What is missing, and the way out; the server that did start is ended."""
    home = tmp_path / "home"
    home.mkdir()
    nowhere = {"PATH": str(home), "HOME": str(home), "XDG_CACHE_HOME": str(home)}
    _, err, code = demos.run("--vibe", "real", **nowhere)
    assert code == exit_codes.PROBLEMS
    assert "real Vibe Kanban 0.0.71" in err
    assert "sandbox" in err
    assert demos.survivors() == []


@SURVIVORS
@pytest.mark.real
def test_the_same_with_the_real_server(demos: Demos, vibe_binary: Path):
    """The real Vibe Kanban 0.0.71 makes no trouble on demand; the create in flight is one on the other side."""
    assert vibe_binary.exists()
    out, err, code = demos.run("--vibe", "real")
    assert (err, code) == ("", exit_codes.OK), out
    check_the_table(out)
    assert "0.0.71" in out
    assert "nothing was sent again" in " ".join(out.split())
    assert demos.survivors() == []
