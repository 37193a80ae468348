"""Credentials that were refused are not sent again by the next process."""

import json

import pytest

from syncengine.runner.cli import exit_codes
from syncengine.runner.refused_credentials import RefusedCredentials
from syncengine.runner.settings import load_settings

PASSWORD = ('path = "right.json"', 'path = "right.json"\npassword = "open sesame"')


@pytest.fixture
def locked(home):
    """The right shelf has refused its password once."""
    home.configure(PASSWORD)
    home.right.weather("bad_password")
    done = home.run("run", "--once")
    assert done.exit_code == exit_codes.REFUSED
    assert "right connect: the password is wrong" in done.stderr
    return home


def memory(home):
    return home.folder / "log.db.refused.json"


def test_the_next_start_does_not_try_them(locked):
    """However often it is started; even where they would be right by now, somebody has to say so."""
    locked.right.weather("fine")
    for _ in range(3):
        done = locked.run("run", "--once")
        assert done.exit_code == exit_codes.REFUSED
        assert "(the password is wrong) and are not tried again" in done.stderr
        assert "correct [endpoints.right]" in done.stderr
    assert locked.right.titles() == []


def test_somebody_says_so(locked):
    """Afterwards nothing is remembered."""
    locked.right.weather("fine")
    assert locked.run("run", "--once", "--retry-refused").exit_code == 0
    assert locked.right.titles() == ["Emma", "Ulysses"]
    assert not memory(locked).exists()


@pytest.mark.parametrize(
    "change", [('"open sesame"', '"open barley"'), ('"open sesame"', '"open sesame"\ncolour = "green"')]
)
def test_whatever_changes_is_a_reason_to_try(locked, change):
    """Another password, or another account, address, anything."""
    locked.right.weather("fine")
    locked.configure(change)
    assert locked.run("run", "--once").exit_code == 0
    assert not memory(locked).exists()


def test_the_memory_holds_no_password(locked):
    """A salted digest, when and why; for the eyes of this user only."""
    assert "sesame" not in memory(locked).read_text()
    assert memory(locked).stat().st_mode & 0o777 == 0o600
    kept = json.loads(memory(locked).read_text())
    assert set(kept) == {"right"}
    assert set(kept["right"]) == {"salt", "digest", "at", "reason"}


def test_without_a_secret_nothing_is_remembered(home):
    """Nobody can be locked out for a password that was never sent."""
    home.right.weather("bad_password")
    home.run("run", "--once")
    assert not memory(home).exists()


@pytest.mark.parametrize(
    "text", ["", "[]", '{"right": 1}', '{"right": {"salt": "x"}}', '{"right": {"salt": "00", "digest": 1}}']
)
def test_a_memory_that_cannot_be_read_is_none(locked, text):
    """Then the credentials are tried."""
    memory(locked).write_text(text)
    locked.right.weather("fine")
    assert locked.run("run", "--once").exit_code == 0


def test_a_plan_heeds_the_memory_and_writes_nothing(home):
    """It does not try what was refused, and leaves no file behind."""
    home.configure(PASSWORD)
    home.right.weather("bad_password")
    assert home.run("plan").exit_code == exit_codes.REFUSED
    assert not memory(home).exists()
    home.run("run", "--once")
    home.right.weather("fine")
    assert "not tried again" in home.run("plan").stderr


def test_a_folder_that_cannot_be_written_is_no_reason_to_fail(home, tmp_path):
    """The refusal itself is what people have to read."""
    home.configure(PASSWORD)
    (endpoint,) = (it for it in load_settings(home.config).endpoints.values() if it.name == "right")
    nowhere = RefusedCredentials(tmp_path / "nowhere" / "log.db")
    nowhere.forget()
    assert nowhere.known_refusal(endpoint) is None
