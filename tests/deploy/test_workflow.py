"""The GitHub Actions workflow runs what `.ci/run` runs, on every supported Python."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml

from tests.fixtures.installed_wheel import ROOT

WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"
TEXT = WORKFLOW.read_text("utf-8")
# YAML takes `on` for a truth value.
EVERYTHING = {("on" if key is True else key): value for key, value in yaml.safe_load(TEXT).items()}
JOBS = EVERYTHING["jobs"]
STEPS = [step for job in JOBS.values() for step in job["steps"]]


def commands(job: str) -> str:
    """Everything a job runs."""
    return "\n".join(step.get("run", "") for step in JOBS[job]["steps"])


def sessions() -> set[str]:
    """The sessions of `noxfile.py`."""
    tree = ast.parse((ROOT / "noxfile.py").read_text("utf-8"))
    functions = [it for it in tree.body if isinstance(it, ast.FunctionDef)]
    return {it.name for it in functions if any("session" in ast.unparse(mark) for mark in it.decorator_list)}


def test_it_is_valid():
    """By the schema of GitHub's workflows."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(WORKFLOW)]
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert said.returncode == 0, said.stdout + said.stderr


def test_the_pythons_are_those_of_the_project():
    """No version is promised that nobody tries, and none is tried in vain."""
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["classifiers"]
    promised = [it.rpartition(" ")[2] for it in classifiers if re.search(r":: 3\.\d+$", it)]
    assert JOBS["tests"]["strategy"]["matrix"] == {"python": promised}
    assert JOBS["tests"]["strategy"]["fail-fast"] is False


def test_it_runs_the_gates_of_the_project():
    """The same script that everybody runs, with the Python of the matrix, and nothing that it leaves out."""
    assert JOBS["tests"]["steps"][-1]["run"] == ".ci/run"
    (setup,) = [step for step in JOBS["tests"]["steps"] if step.get("uses", "").startswith("actions/setup-python")]
    assert setup["with"] == {"python-version": "${{ matrix.python }}"}
    script = ROOT / ".ci" / "run"
    assert script.exists()
    assert script.stat().st_mode & 0o111


def test_the_sessions_it_asks_for_exist():
    """A session that was renamed would fail only at GitHub."""
    asked = set(re.findall(r"nox --session (\w+)", TEXT))
    assert asked == {"package", "audit"}
    assert asked <= sessions()


def test_what_is_shipped_is_installed_and_run():
    """Sdist and wheel, each in a fresh environment, outside the sources."""
    *_, step = JOBS["package"]["steps"]
    assert step["working-directory"] == "${{ runner.temp }}"
    assert "dist/*" in step["run"]
    assert "venv --clear" in step["run"]
    assert "syncengine demo" in step["run"]


def test_the_image_is_built_and_run_as_compose_does():
    """There is a container engine at GitHub."""
    assert "docker compose config --quiet" in commands("container")
    assert "docker compose build" in commands("container")
    assert "docker compose run" in commands("container")


def test_it_may_only_read():
    """No job gets more, no checkout keeps the token, and nothing runs for code of others with our secrets."""
    assert EVERYTHING["permissions"] == {"contents": "read"}
    assert not [job for job in JOBS.values() if "permissions" in job]
    checkouts = [step for step in STEPS if step.get("uses", "").startswith("actions/checkout")]
    assert len(checkouts) == len(JOBS)
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)
    assert "pull_request_target" not in EVERYTHING["on"]
    assert "secrets." not in TEXT


def test_a_newer_push_ends_the_run_of_the_older():
    """And no job hangs for hours."""
    assert EVERYTHING["concurrency"] == {"group": "ci-${{ github.ref }}", "cancel-in-progress": True}
    assert all(job["timeout-minutes"] <= 60 for job in JOBS.values())


def test_actions_and_runners_are_pinned():
    """To a version, of actions by GitHub itself."""
    assert all(re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"]) for step in STEPS if "uses" in step)
    assert not [job for job in JOBS.values() if job["runs-on"].endswith("latest")]


def test_folders_that_it_names_are_there():
    """Each working folder inside the project."""
    folders = [step["working-directory"] for step in STEPS if "working-directory" in step]
    assert all("${{" in it or (ROOT / Path(it)).is_dir() for it in folders)
