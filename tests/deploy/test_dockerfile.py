"""What the image is, read from its `Dockerfile`; `test_image_steps.py` does what it says."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.deploy.dockerfile import DOCKERFILE, arguments, ignored, patterns, stages
from tests.deploy.samples import DEPLOY
from tests.fixtures.installed_wheel import ROOT

BUILD, IMAGE = stages().values()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def hadolint() -> str | None:
    """The linter, from the environment of the tests or from the system."""
    beside = Path(sys.executable).with_name("hadolint")
    return str(beside) if beside.exists() else shutil.which("hadolint")


def test_it_is_built_in_one_stage_and_shipped_in_another():
    """The image gets the finished environment, and nothing else is copied into it."""
    assert list(stages()) == ["build", "image"]
    assert [it.words for it in IMAGE.of("COPY")] == [["--from=build", "/opt/syncengine", "/opt/syncengine"]]
    assert not IMAGE.of("ADD")


def test_both_stages_start_from_the_same_small_python():
    """Else the environment would look for an interpreter that is not there; it is one that the project supports."""
    assert {BUILD.base, IMAGE.base} == {"${PYTHON_IMAGE}"}
    version = re.fullmatch(r"python:(\d+\.\d+)-slim-\w+", arguments()["PYTHON_IMAGE"])[1]
    assert f"Programming Language :: Python :: {version}" in PROJECT["classifiers"]


def test_it_runs_as_a_user_with_fixed_ids_and_without_a_shell():
    """And the only folder made for that user is the one of the log."""
    assert IMAGE.only("USER").value == "10001:10001"
    (made,) = (it.value for it in IMAGE.of("RUN"))
    assert "groupadd --system --gid 10001 " in made
    assert "useradd --system --uid 10001 " in made
    assert "--shell /usr/sbin/nologin" in made
    assert re.findall(r"install --directory .* (/\S+)", made) == ["/var/lib/syncengine"]
    assert IMAGE.instructions.index(IMAGE.only("USER")) > IMAGE.instructions.index(IMAGE.of("RUN")[-1])


def test_nothing_runs_in_a_shell():
    """Signals reach the program, and a shell is not needed."""
    assert IMAGE.only("ENTRYPOINT").is_exec_form
    assert IMAGE.only("ENTRYPOINT").words == ["syncengine"]
    assert IMAGE.only("CMD").is_exec_form
    assert IMAGE.only("CMD").words == ["run"]
    assert IMAGE.only("STOPSIGNAL").value == "SIGTERM"
    assert " CMD [" in IMAGE.only("HEALTHCHECK").value


def test_a_read_only_root_file_system_is_enough():
    """The log is in a volume, the working folder is there, and the interpreter writes no caches."""
    assert IMAGE.only("VOLUME").value == IMAGE.only("WORKDIR").value == "/var/lib/syncengine"
    assert IMAGE.pairs("ENV")["PYTHONDONTWRITEBYTECODE"] == "1"


def test_the_program_and_its_settings_are_found():
    """By name, and where the documentation says."""
    environ = IMAGE.pairs("ENV")
    assert environ["PATH"].split(":")[0] == "/opt/syncengine/bin"
    assert environ["SYNCENGINE_CONFIG"] == "/etc/syncengine/syncengine.toml"


def test_the_labels_are_those_of_the_project():
    """Name, words, version, licence."""
    labels = IMAGE.pairs("LABEL")
    prefix = "org.opencontainers.image."
    assert labels[f"{prefix}title"] == "syncengine"
    assert labels[f"{prefix}description"] == PROJECT["description"]
    assert labels[f"{prefix}version"] == PROJECT["version"]
    assert labels[f"{prefix}licenses"] == PROJECT["license"]


def test_everything_that_is_installed_is_known_by_its_hash():
    """Or it is the wheel that was just built, without network."""
    installs = [part for it in BUILD.of("RUN") for part in it.value.split("&&") if " install " in part]
    assert len(installs) == 3
    assert all("--require-hashes" in it or "--no-index --no-deps" in it for it in installs)
    assert "--no-build-isolation" in BUILD.of("RUN")[-1].value


def test_no_secret_is_in_a_layer():
    """No argument, variable or copied file could hold one."""
    names = [*arguments(), *IMAGE.pairs("ENV"), *(it.value.split("=")[0] for it in BUILD.of("ARG") + IMAGE.of("ARG"))]
    assert not [it for it in names if re.search(r"pass|secret|token|key|credential", it, re.IGNORECASE)]
    assert not BUILD.of("ENV")


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        ".env",
        "syncengine.db",
        "syncengine.toml",
        "deploy/secrets/huly_password",
        "deploy/syncengine.toml",
        "deploy/compose.yaml",
        "tests/conftest.py",
        "src/syncengine/__pycache__/errors.cpython-313.pyc",
        "src/syncengine/errors.pyc",
        ".venv/bin/python",
    ],
)
def test_the_builder_does_not_get(path: str):
    """History, secrets, logs, tests and caches."""
    assert ignored(Path(path), patterns())


@pytest.mark.parametrize("path", ["src/syncengine/py.typed", "pyproject.toml", "README.md", "deploy/requirements.lock"])
def test_the_builder_gets(path: str):
    """What the wheel is made of."""
    assert not ignored(Path(path), patterns())


def test_secrets_beside_compose_are_not_committed():
    """The folder that compose takes them from is on the list of git."""
    assert "secrets/" in (DEPLOY / ".gitignore").read_text("utf-8").splitlines()


@pytest.mark.skipif(hadolint() is None, reason="hadolint is not installed; the tests above look at the parsed file alone")
def test_the_linter_finds_nothing():
    """All rules of hadolint, without exceptions."""
    said = subprocess.run([hadolint(), str(DOCKERFILE)], capture_output=True, text=True, check=False, timeout=60)
    assert said.returncode == 0, said.stdout + said.stderr
