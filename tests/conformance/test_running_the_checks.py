"""How checks are run, left out and reported, and what the kit needs to be imported."""

import os
import subprocess
import sys
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from textwrap import dedent

import pytest
from attrs import evolve as changed

from syncengine.connector import FieldSpec, FieldValues, RecordSchema
from syncengine.testing import CHECKS, Abilities, MemoryConnector, NotApplicable, run_check, run_checks
from tests.conformance.memory_subjects import subject_of

KEYLESS = Abilities(key_storage="none")


def check_named(name):
    return next(check for check in CHECKS if check.__name__ == name)


async def test_a_waived_check_is_not_run_and_shows_its_reason():
    """A waiver takes the place of the result, with the reason somebody gave."""
    subject = subject_of(Abilities(), waivers={"texts_survive": "the remote cuts texts after 10 characters"})
    result = await run_check(check_named("texts_survive"), subject)
    assert (result.verdict, result.reason) == ("waived", "the remote cuts texts after 10 characters")


async def test_a_waiver_for_no_check_is_refused():
    """A waiver with a typing mistake must not look as if it had worked."""
    with pytest.raises(ValueError, match="text_survives"):
        await run_checks(subject_of(Abilities(), waivers={"text_survives": "typing mistake"}))


async def test_a_waiver_without_a_reason_is_refused():
    """Whoever waives a check has to say why."""
    with pytest.raises(ValueError, match="no reason"):
        await run_checks(subject_of(Abilities(), waivers={"texts_survive": " "}))


async def test_a_missing_ability_is_reported_as_not_applicable():
    """A check that asks for a declared ability says which one is missing."""
    result = await run_check(check_named("created_record_is_found_by_key"), subject_of(KEYLESS))
    assert (result.verdict, result.reason) == ("not applicable", "records hold no key")


async def test_a_check_that_does_not_apply_raises_when_it_is_called_directly():
    """Nobody can take a check that was left out for one that passed."""
    with pytest.raises(NotApplicable, match="records hold no key"):
        await check_named("created_record_is_found_by_key")(subject_of(KEYLESS))


async def test_whatever_escapes_a_connector_becomes_the_reason_of_a_failure():
    """A bug in the connector fails its check and not the whole run."""

    class Stumbles(MemoryConnector):
        async def discover(self):
            raise ZeroDivisionError("oh")

    result = await run_check(check_named("discover_lists_the_container"), subject_of(Abilities(), Stumbles))
    assert (result.verdict, result.reason) == ("failed", "ZeroDivisionError: oh")


async def test_a_connector_that_cannot_be_opened_fails_every_check():
    """Nothing passes on a connector that is not there."""

    @asynccontextmanager
    async def refuse():
        raise ConnectionRefusedError("no")
        yield

    results = await run_checks(subject_of(Abilities(), open=refuse))
    assert {result.verdict for result in results} == {"failed"}


async def test_checks_clear_away_what_they_made():
    """Where records can be deleted none is left behind."""
    opened = []

    class Remembered(MemoryConnector):
        def __init__(self, *args, **more):
            super().__init__(*args, **more)
            opened.append(self.remote)

    await run_checks(subject_of(Abilities(), Remembered))
    assert all(not remote.items("board") for remote in opened)


def test_the_kit_is_imported_without_pytest_and_hypothesis():
    """An author who only wants the checks or the memory connector needs neither of them."""
    program = (
        "import sys; sys.modules['pytest'] = None; sys.modules['hypothesis'] = None\n"
        "import syncengine.testing as kit\n"
        "assert kit.CHECKS and kit.MemoryConnector and kit.Subject\n"
        "assert 'sqlite3' not in sys.modules and 'eventsourcing' not in sys.modules\n"
    )
    # Measuring coverage imports sqlite3 into every child process.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60, env=environment)


def test_all_public_names_can_be_imported():
    """Every name in `__all__` is there, once."""
    import syncengine.testing as kit

    assert all(getattr(kit, name) is not None for name in kit.__all__)
    assert len(kit.__all__) == len(set(kit.__all__))


def test_a_name_that_is_not_there_is_an_attribute_error():
    """Importing late does not hide typing mistakes."""
    import syncengine.testing as kit

    with pytest.raises(AttributeError, match="MemoryConector"):
        kit.MemoryConector  # noqa: B018


async def test_an_error_of_no_kind_and_an_answer_from_nowhere_are_both_told():
    """The check of errors says what came instead of one."""

    class Escapes(MemoryConnector):
        async def create(self, container, key, fields):
            if not self.remote.has(container):
                raise KeyError(container)
            return await super().create(container, key, fields)

    class Answers(MemoryConnector):
        async def create(self, container, key, fields):
            return await super().create("board", key, fields)

    check = check_named("errors_are_exact")
    escaped = await run_check(check, subject_of(Abilities(), Escapes))
    answered = await run_check(check, subject_of(Abilities(), Answers))
    assert "create let KeyError escape" in escaped.reason
    assert "create in a container that does not exist answered" in answered.reason


async def test_listings_that_never_catch_up_fail_instead_of_waiting_for_ever():
    """A clock that stands still is found."""

    class Stuck(MemoryConnector):
        first = None

        async def list_changes(self, container, since, known):
            async for page in super().list_changes(container, since, known):
                self.first = self.first or page.taken_at
                yield changed(page, taken_at=self.first - timedelta(hours=1))

    result = await run_check(check_named("every_record_is_listed"), subject_of(Abilities(), Stuck))
    assert "listings stay behind" in result.reason


async def test_a_read_only_connector_passes_what_applies_to_it():
    """Nothing is created, updated or deleted on a side that cannot do it."""
    schema = RecordSchema(kind="issue", fields=(FieldSpec(name="title"),), can_create=False, can_update=False)
    results = await run_checks(subject_of(Abilities(schemas=(schema,)), sample=lambda n: FieldValues(title=f"x{n}")))
    assert {result.verdict for result in results} == {"passed", "not applicable"}
    assert [it.check for it in results if it.reason == "records of this kind cannot be created"]


def test_the_pytest_class_shows_waivers_and_asks_for_its_fixture(tmp_path):
    """An author sees what was left out, and what still has to be written."""
    (tmp_path / "test_mine.py").write_text(
        dedent(
            """
            import pytest
            from syncengine.testing import Abilities, ConnectorConformance
            from tests.conformance.memory_subjects import subject_of

            class TestWaived(ConnectorConformance):
                @pytest.fixture
                def subject(self):
                    return subject_of(Abilities(), waivers={"texts_survive": "cut at 10"})

            class TestUnwritten(ConnectorConformance):
                pass
            """
        )
    )
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rs", "-k", "texts_survive", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        cwd=Path(__file__).parents[2],
    )
    assert "waived: cut at 10" in run.stdout
    assert "write a fixture `subject`" in run.stdout
