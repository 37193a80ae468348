"""Everything that is run on this project. `nox` runs what a change must pass; the longer searches are asked for by name."""

import os
from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.sessions = ["lint", "typing", "tests", "simulate", "planted"]
nox.options.error_on_missing_interpreters = False
nox.options.reuse_existing_virtualenvs = False

PYTHONS = nox.project.python_versions(nox.project.load_toml("pyproject.toml"))
HERE = Path(__file__).parent

# A process for each core and one more, because many tests wait for servers and processes that they have started; whoever is
# done takes from the others, so that they do not wait for the long tests at the end.
WORKERS = (f"--numprocesses={(os.cpu_count() or 1) + 1}", "--dist=worksteal")

# Tests start many processes. Where bytecode is not kept, as in many containers, each of them compiles what it imports anew.
KEPT = {"PYTHONDONTWRITEBYTECODE": ""}


def groups(session: nox.Session, *names: str) -> None:
    """Install the project, editable, with these dependency groups of `pyproject.toml`."""
    project = nox.project.load_toml("pyproject.toml")
    wanted = nox.project.dependency_groups(project, *names)
    own = [it for it in wanted if it.startswith("eventsourced-syncengine")]
    extras = "[testing,otlp,postgres]" if own else ""
    session.install("-e", f".{extras}", *(it for it in wanted if it not in own))


@nox.session
def lint(session: nox.Session) -> None:
    """Style, spelling, and who may import whom."""
    groups(session, "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")
    session.run("codespell", "src", "docs", "examples", "README.md", "CHANGELOG.md")


@nox.session
def typing(session: nox.Session) -> None:
    """Mypy, strict, on the packages and on a file that only uses the public API."""
    groups(session, "typing", "test")
    session.run("mypy")
    session.run("mypy", "tests/typing/api.py")
    session.run("mypy", "examples/embedded.py", "examples/custom_rule.py")
    session.run("mypy", "examples/runner.py")
    session.run("mypy", "-p", "todo_connector", env={"MYPYPATH": "examples/todo-connector/src:src"})


@nox.session
def tests(session: nox.Session) -> None:
    """All tests on the running Python, with the coverage floor."""
    groups(session, "test")
    env = {
        "HYPOTHESIS_PROFILE": os.environ.get("HYPOTHESIS_PROFILE", "ci"),
        "COVERAGE_FILE": str(HERE / ".coverage"),
    } | KEPT
    session.run("coverage", "erase", env=env)
    session.run("coverage", "run", "-m", "pytest", *WORKERS, *session.posargs, env=env)
    session.run("coverage", "combine", "--quiet", env=env)
    session.run("coverage", "report", *([] if not session.posargs else ["--fail-under=0"]), env=env)


@nox.session(python=PYTHONS, name="pythons", default=False)
def pythons(session: nox.Session) -> None:
    """All tests on every supported Python that is installed here."""
    groups(session, "test")
    session.run("pytest", *WORKERS, *session.posargs)


@nox.session
def simulate(session: nox.Session) -> None:
    """Play 10,000 histories of faults, crashes and edits; `-- --histories 1000000` plays for hours."""
    groups(session, "test")
    session.run("python", "-m", "syncengine.testing.simulation", *(simulated(session.posargs)))


def simulated(arguments: list[str]) -> list[str]:
    """What the simulation is asked for, with the numbers of a usual run where nothing else is said."""
    usual = {"--histories": "10000", "--jobs": "2"}
    return [word for name, value in usual.items() if name not in arguments for word in (name, value)] + arguments


@nox.session
def planted(session: nox.Session) -> None:
    """Plant defects one by one: histories must find what they can show, and the tests named with each must notice it."""
    groups(session, "test")
    session.run("python", "-m", "tests.planted.hunt", *session.posargs)
    session.run("python", "-m", "tests.planted.run", *session.posargs)


@nox.session(default=False)
def kills(session: nox.Session) -> None:
    """Kill a runner 500 times while people work on both sides: nothing twice, lost, deleted or left open."""
    groups(session, "test")
    session.run("python", "-m", "tests.kills", *(session.posargs or ("--kills", "500")))


@nox.session(default=False)
def disasters(session: nox.Session) -> None:
    """A side emptied, a backup restored, the log lost, the clock set, and more: nothing is destroyed without approval."""
    groups(session, "test")
    session.run("pytest", *WORKERS, "tests/disasters", *session.posargs)


@nox.session(default=False)
def damage(session: nox.Session) -> None:
    """Cut off or change bytes of the last transactions of a log, 2,000 times; `--cases` for more."""
    groups(session, "test")
    session.run("python", "-m", "tests.crash.log_damage", *session.posargs)


@nox.session(default=False)
def contest(session: nox.Session) -> None:
    """A hundred processes want to write one log; for 200 rounds the one that writes is killed, or paused and robbed."""
    groups(session, "test")
    session.run("python", "-m", "tests.crash.contest", *session.posargs)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Speed, as ratios against floors taken in the same run."""
    groups(session, "test")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session(default=False)
def thorough(session: nox.Session) -> None:
    """The property tests with many more examples; for the night."""
    groups(session, "test")
    session.run("pytest", *WORKERS, "tests/properties", *session.posargs, env={"HYPOTHESIS_PROFILE": "thorough"})


@nox.session(default=False)
def package(session: nox.Session) -> None:
    """Build the sdist and the wheel and look at them."""
    session.install("build", "twine")
    session.run("python", "-m", "build", "--outdir", str(HERE / "dist"))
    session.run("twine", "check", "--strict", *[str(path) for path in sorted((HERE / "dist").glob("*"))])


@nox.session(default=False)
def audit(session: nox.Session) -> None:
    """Known vulnerabilities of what is installed, and of what the image locks; asks a service on the network."""
    groups(session, "audit")
    session.run("pip-audit", "--local", "--skip-editable", *session.posargs)
    session.run("pip-audit", "--require-hashes", "--disable-pip", "--requirement", "deploy/requirements.lock")
