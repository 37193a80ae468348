"""`fetch_binary`: what it takes from npm, what it refuses, and what it keeps; with an npm of our own making."""

import hashlib
import io
import os
import subprocess
import sys
import tarfile
import zipfile

import pytest

from connectors.vibe import real_binary
from connectors.vibe.real_binary import Pin, RealServerUnavailable, WrongDigestError, fetch_binary
from tests.fixtures.vibe_servers import binary_or_verdict

SERVER = b"#!/bin/sh\necho a server\n"


def zipped(content):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("vibe-kanban", (2025, 1, 1, 0, 0, 0)), content)
    return buffer.getvalue()


def package(path, blob, name="package/dist/linux-x64/vibe-kanban.zip"):
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(blob)
        archive.addfile(member, io.BytesIO(blob))


PINS = {
    "linux-x64": Pin(
        zip_sha256=hashlib.sha256(zipped(SERVER)).hexdigest(), binary_sha256=hashlib.sha256(SERVER).hexdigest()
    )
}


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """An npm that packs what lies in `packed.tgz` beside it, and notes each call."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "npm"
    program.write_text(
        f"#!{sys.executable}\n"
        "import pathlib, shutil, sys\n"
        "here = pathlib.Path(__file__).parent\n"
        "with (here / 'calls').open('a') as calls: calls.write(' '.join(sys.argv[1:]) + '\\n')\n"
        "to = sys.argv[sys.argv.index('--pack-destination') + 1]\n"
        "shutil.copy(here / 'packed.tgz', pathlib.Path(to) / 'vibe-kanban-0.0.71.tgz')\n"
    )
    program.chmod(0o755)
    package(folder / "packed.tgz", zipped(SERVER))
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(real_binary, "_platform", lambda: "linux-x64")
    return folder


def calls(npm):
    return (npm / "calls").read_text().splitlines() if (npm / "calls").exists() else []


def test_server_is_fetched_checked_and_made_executable(npm, tmp_path):
    """The right version is asked for, and no script of the package runs."""
    binary = fetch_binary(tmp_path / "cache", pins=PINS)
    assert binary.read_bytes() == SERVER
    assert os.access(binary, os.X_OK)
    [call] = calls(npm)
    assert call.startswith("pack vibe-kanban@0.0.71 ")
    assert "--ignore-scripts" in call


def test_kept_server_is_used_again(npm, tmp_path):
    """npm is asked once."""
    first = fetch_binary(tmp_path / "cache", pins=PINS)
    assert fetch_binary(tmp_path / "cache", pins=PINS) == first
    assert len(calls(npm)) == 1


def test_kept_server_that_was_changed_is_fetched_anew(npm, tmp_path):
    """The digest decides, not the name."""
    binary = fetch_binary(tmp_path / "cache", pins=PINS)
    binary.write_bytes(b"changed")
    assert fetch_binary(tmp_path / "cache", pins=PINS).read_bytes() == SERVER
    assert len(calls(npm)) == 2


def test_default_folder_is_the_users_cache(npm, tmp_path, monkeypatch):
    """Under the name of syncengine."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert fetch_binary(pins=PINS).parent == tmp_path / "xdg" / "syncengine"


def test_nothing_but_the_server_stays_in_the_cache(npm, tmp_path):
    """What a killed fetch left behind is swept away by the next."""
    left = tmp_path / "cache" / "unfinished-abc"
    left.mkdir(parents=True)
    (left / "half").write_text("x")
    binary = fetch_binary(tmp_path / "cache", pins=PINS)
    assert {file.name for file in binary.parent.iterdir()} == {binary.name, "vibe-kanban.lock"}


def test_processes_that_ask_at_once_fetch_once(npm, tmp_path):
    """All get the checked server; npm ends only when all of them have begun to ask."""
    asking = tmp_path / "asking"
    asking.mkdir()
    npm_program = (npm / "npm").read_text()
    waiting = f"import time\nwhile len(list(pathlib.Path({str(asking)!r}).iterdir())) < 4: time.sleep(0.01)\n"
    (npm / "npm").write_text(npm_program.replace("to = ", waiting + "to = "))
    program = (
        "import os, sys; from pathlib import Path; from connectors.vibe import real_binary as r;"
        "r._platform = lambda: 'linux-x64';"
        f"pins = {{'linux-x64': r.Pin(zip_sha256={PINS['linux-x64'].zip_sha256!r},"
        f" binary_sha256={PINS['linux-x64'].binary_sha256!r})}};"
        f"Path({str(asking)!r}, str(os.getpid())).touch();"
        f"print(r.fetch_binary(Path({str(tmp_path / 'cache')!r}), pins=pins))"
    )
    running = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    answers = {process.communicate(timeout=60)[0].strip() for process in running}
    assert [process.returncode for process in running] == [0] * 4
    assert len(answers) == 1
    assert len(calls(npm)) == 1


@pytest.mark.parametrize("changed", ["zip_sha256", "binary_sha256"])
def test_other_content_than_pinned_is_refused_and_not_kept(npm, tmp_path, changed):
    """Both the zip and the server in it are checked."""
    good = PINS["linux-x64"]
    digests = {"zip_sha256": good.zip_sha256, "binary_sha256": good.binary_sha256, changed: "0" * 64}
    with pytest.raises(WrongDigestError, match=f"{'0' * 64} was expected. It was not kept"):
        fetch_binary(tmp_path / "cache", pins={"linux-x64": Pin(**digests)})
    assert [file.name for file in (tmp_path / "cache").iterdir()] == ["vibe-kanban.lock"]


def test_package_without_the_server_is_refused(npm, tmp_path):
    """As those of later versions are."""
    package(npm / "packed.tgz", b"", name="package/bin/cli.js")
    with pytest.raises(RealServerUnavailable, match="holds no readable package/dist/linux-x64/vibe-kanban.zip"):
        fetch_binary(tmp_path / "cache", pins=PINS)


def test_package_that_is_no_archive_is_refused(npm, tmp_path):
    """A page of a proxy, for example."""
    (npm / "packed.tgz").write_text("<html>sign in</html>")
    with pytest.raises(RealServerUnavailable, match="holds no readable"):
        fetch_binary(tmp_path / "cache", pins=PINS)


def test_failure_of_npm_is_told_in_its_words(npm, tmp_path):
    """With the exit code and what to look at."""
    (npm / "npm").write_text("#!/bin/sh\necho npm error code E404 >&2\nexit 7\n")
    with pytest.raises(RealServerUnavailable, match="exit code 7.*npm error code E404.*Check the network"):
        fetch_binary(tmp_path / "cache", pins=PINS)


def test_npm_that_hangs_is_given_up(npm, tmp_path, monkeypatch):
    """The message names the seconds."""
    monkeypatch.setattr(real_binary, "_NPM_TIMEOUT_S", 0.2)
    (npm / "npm").write_text("#!/bin/sh\nexec sleep 60\n")
    with pytest.raises(RealServerUnavailable, match=r"not done after 0\.2 seconds"):
        fetch_binary(tmp_path / "cache", pins=PINS)


def test_missing_npm_is_told_with_what_to_do(npm, tmp_path, monkeypatch):
    """Install it, or use the sandbox."""
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(RealServerUnavailable, match="npm was not found on the PATH.*Install Node.js.*use the sandbox"):
        fetch_binary(tmp_path / "cache", pins=PINS)


def test_platform_without_a_pin_is_refused_before_npm_is_asked(npm, tmp_path, monkeypatch):
    """The message names the platforms that are known."""
    monkeypatch.setattr(real_binary, "_platform", lambda: "macos-arm64")
    with pytest.raises(RealServerUnavailable, match="checked for linux-x64 only, and this is macos-arm64"):
        fetch_binary(tmp_path / "cache", pins=PINS)
    assert calls(npm) == []


@pytest.mark.parametrize(
    ("system", "machine", "name"),
    [
        ("linux", "x86_64", "linux-x64"),
        ("linux", "aarch64", "linux-arm64"),
        ("darwin", "arm64", "macos-arm64"),
        ("win32", "AMD64", "windows-x64"),
    ],
)
def test_platforms_have_the_names_of_the_package(monkeypatch, system, machine, name):
    """As the folders in it are called."""
    monkeypatch.setattr(real_binary.sys, "platform", system)
    monkeypatch.setattr(real_binary.platform, "machine", lambda: machine)
    assert real_binary._platform() == name


def unavailable():
    raise RealServerUnavailable("no npm here")


def wrong():
    raise WrongDigestError("not the pinned one")


def verdict(fetch, *, in_ci):
    """What ends a test that needs the real server; caught here, or a wrong skip would end this test as a skip too."""
    try:
        binary_or_verdict(fetch, in_ci=in_ci)
    except BaseException as ended:
        return type(ended), str(ended)


def test_tests_without_the_real_server_are_skipped_with_the_reason():
    """Where nobody promised it."""
    assert verdict(unavailable, in_ci=False) == (pytest.skip.Exception, "no npm here")


def test_tests_without_the_real_server_fail_in_ci():
    """A skip would hide that nothing was compared."""
    said = "CI must test against the real Vibe server: no npm here"
    assert verdict(unavailable, in_ci=True) == (pytest.fail.Exception, said)


@pytest.mark.parametrize("in_ci", [True, False])
def test_wrong_content_is_never_a_skip(in_ci):
    """Something is badly wrong then."""
    assert verdict(wrong, in_ci=in_ci) == (WrongDigestError, "not the pinned one")
