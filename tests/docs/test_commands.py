"""Whatever README and docs tell a reader to type works, and shows what they say it shows."""

import json
import os
import re
import sys
from pathlib import Path

import pytest

from syncengine import load_settings
from syncengine.adapters.plugins import load_plugin
from syncengine.connector import ConnectorPlugin
from tests.docs.blocks import PAGES, ROOT, Block, blocks_in, complaint_about
from tests.docs.page_run import PageRun, Surroundings, missing_line
from tests.fixtures.installed_wheel import Installed

_WITH_STAND_INS = "tests/deploy types the page into a copy of the project, with stand-ins for docker, sudo and systemctl"

NOT_RUN = {
    ("README.md", "python3 -m venv .venv && .venv/bin/pip install --quiet . && .venv/bin/syncengine demo"): (
        "installs into the clone; the wheel is installed by the packaging tests, the demo has tests of its own"
    ),
    ("README.md", "python3 -m venv .venv-test && .venv-test/bin/pip install --quiet nox && .venv-test/bin/nox"): (
        "runs this very test; CI takes the command from the README and runs it"
    ),
    ("first-sync.md", "python3 -m venv .venv"): (
        "installs from the clone the reader is in; the packaging tests install the wheel, and the rest of the page runs with it"
    ),
    ("deploying.md", "mkdir -p deploy/secrets"): _WITH_STAND_INS,
    ("deploying.md", "docker compose --file deploy/compose.yaml build"): _WITH_STAND_INS,
    ("deploying.md", "docker compose --file deploy/compose.yaml exec syncengine syncengine healthcheck"): _WITH_STAND_INS,
    ("deploying.md", "sudo useradd --system --home-dir /var/lib/syncengine --shell /usr/sbin/nologin syncengine"): (
        _WITH_STAND_INS
    ),
    ("deploying.md", "sudo mkdir -p -m 755 /etc/syncengine"): _WITH_STAND_INS,
    ("deploying.md", "sed -e 's#/run/secrets/#/run/credentials/syncengine.service/#' \\"): _WITH_STAND_INS,
    ("deploying.md", "sudo cp deploy/syncengine.service /etc/systemd/system/syncengine.service"): _WITH_STAND_INS,
    ("deploying.md", "systemctl status syncengine"): _WITH_STAND_INS,
}
"""Blocks that are shown and not run here, by page and first line, each with the reason."""

EVERYBODY = {path.name: blocks_in(path) for path in PAGES}
BLOCKS = [block for blocks in EVERYBODY.values() for block in blocks]

BASE = {
    "endpoints": '[endpoints.huly]\nconnector = "todo"\npath = "a.json"\n[endpoints.vibe]\nconnector = "todo"\npath = "b.json"\n',
}
"""What makes a whole settings file of a part of one."""


def is_run(block: Block) -> bool:
    """Whether a block is something to do and not something to see."""
    if (block.page, block.first_line) in NOT_RUN or "from" in block.options:
        return False
    return block.language in {"sh", "python"} or "file" in block.options


def plugin_named(name: str) -> ConnectorPlugin:
    """The plugin; that of the example from the source tree, where it is not installed."""
    if name != "todo":
        return load_plugin(name)
    source = str(ROOT / "examples" / "todo-connector" / "src")
    if source not in sys.path:
        sys.path.insert(0, source)
    from todo_connector import plugin

    return plugin


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_every_block_is_covered(block: Block):
    """Nobody adds a block that no test looks at."""
    assert complaint_about(block) is None


@pytest.mark.parametrize(
    ("language", "options", "complaint"),
    [("ruby", {}, "not covered"), ("", {}, "not covered"), ("sh", {"skip": ""}, "skip"), ("text", {}, "say whether")],
)
def test_an_uncovered_block_is_noticed(language: str, options: dict[str, str], complaint: str):
    """Another language, no language, an option nobody reads, and a text that is neither output nor for the eye."""
    block = Block(page="x", line=1, language=language, content="", options=options)
    assert complaint in (complaint_about(block) or "")


def test_the_exceptions_are_needed():
    """A block that is gone from its page leaves the list."""
    there = {(block.page, block.first_line) for block in BLOCKS}
    assert set(NOT_RUN) <= there


@pytest.mark.parametrize("block", [it for it in BLOCKS if it.language == "toml" and "from" not in it.options], ids=str)
def test_settings_load(block: Block, tmp_path: Path):
    """Every piece of settings is accepted, with all its keys."""
    parts = [block.content, *(text for name, text in BASE.items() if f"[{name}." not in block.content)]
    path = tmp_path / "syncengine.toml"
    path.write_text("\n".join(parts))
    secrets = dict.fromkeys(re.findall(r'env = "(\w+)"', block.content), "secret")
    for name in re.findall(r'\{file = "([^"]+)"\}', block.content):
        (tmp_path / name).write_text("secret\n")
    assert load_settings(path, environ=secrets, load=plugin_named).endpoints


def test_json_is_json():
    """Each such block can be read."""
    for block in BLOCKS:
        assert block.language != "json" or json.loads(block.content)


@pytest.mark.parametrize("block", [it for it in BLOCKS if "from" in it.options], ids=str)
def test_excerpts_are_word_for_word(block: Block):
    """What a page shows of a file is what stands there, up to the depth of its indentation."""
    source = (ROOT / block.options["from"]).read_text("utf-8")
    wanted = [line.strip() for line in block.content.splitlines()]
    there = [line.strip() for line in source.splitlines()]
    assert any(there[start : start + len(wanted)] == wanted for start in range(len(there)))


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", [name for name, blocks in EVERYBODY.items() if any(map(is_run, blocks))])
def test_the_page_works(page: str, installed: Installed, tmp_path: Path):
    """A reader who types everything on a page, from top to bottom, sees what it says."""
    blocks = [it for it in EVERYBODY[page] if is_run(it)]
    machine = Surroundings(tmp_path, installed.commands)
    done = machine.run(blocks)
    failed = None if done.failed is None else blocks[done.failed]
    assert failed is None, f"{failed} failed:\n{done.said[done.failed]}"
    _compare_outputs(EVERYBODY[page], blocks, done, machine)


def _compare_outputs(all_blocks: list[Block], run: list[Block], done: PageRun, machine: Surroundings) -> None:
    for before, block in zip(all_blocks, all_blocks[1:], strict=False):
        if block.language == "text" and "output" in block.options:
            assert before in run, f"{block} follows a block that is not run"
            printed = done.said[run.index(before)]
            missing = missing_line(machine.adapted(block.content), printed)
            assert missing is None, f"{block}: {missing!r} is not in what was printed:\n{printed}"


def test_a_line_that_was_not_printed_is_missed():
    """The comparison sees a wrong word, a wrong order, and allows for dots and white space."""
    printed = "read 2 on huly\n  took 0.3 s\ndone\n"
    assert missing_line("read ... on huly\ndone", printed) is None
    assert missing_line("read 3 on huly", printed) == "read 3 on huly"
    assert missing_line("done\nread 2 on huly", printed) == "read 2 on huly"
    assert missing_line("took  ...  s", printed) is None


def test_a_failing_page_is_noticed(tmp_path: Path):
    """The run stops at the block that fails, keeps what it said, and ends what was left running."""
    texts = ("sleep 300 &\necho $!", "echo so far; false; echo never", "echo nor this")
    blocks = [Block(page="x", line=1, language="sh", content=text) for text in texts]
    done = Surroundings(tmp_path, Path(sys.executable).parent).run(blocks)
    assert (done.failed, done.said[1].strip()) == (1, "so far")
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.said[0]), 0)
