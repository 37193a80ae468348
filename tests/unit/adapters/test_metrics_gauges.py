"""Gauges made of vital signs."""

import logging
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from attrs import define, evolve, field

from syncengine.adapters.telemetry.metrics import open_metrics
from syncengine.adapters.telemetry.vital_signs import EndpointSigns, VitalSigns
from syncengine.engine.notes import BreakerChanged
from syncengine.engine.ports import OpenWrite, ParkedItem, PausedEndpoint
from tests.fixtures.scrape import Scrape

NOW = datetime(2025, 1, 1, 12, tzinfo=UTC)
WELL = VitalSigns(now=NOW, started_at=NOW - timedelta(hours=1), interval_s=60, ready=True)
UP = EndpointSigns(connected=True)


@define
class Signs:
    """A patient whose signs a test sets."""

    signs: VitalSigns = field(default=WELL)
    asked: int = 0

    def vital_signs(self) -> VitalSigns:
        """As set."""
        self.asked += 1
        return self.signs


@pytest.fixture
def scrape_of():
    """What a scrape shows of a patient with these signs."""
    patient = Signs()
    metrics = open_metrics(patient, version="1")

    def scrape(**more) -> Scrape:
        patient.signs = evolve(WELL, **more)
        return Scrape.of(metrics.exposition())

    yield scrape
    metrics.close()


def open_write(endpoint, *, age_s=10.0, outcome=None):
    return OpenWrite(
        intent_id=uuid4().hex, link_id=uuid4(), endpoint=endpoint, since=NOW - timedelta(seconds=age_s), outcome=outcome
    )


def parked(subject):
    return ParkedItem(link_id=uuid4(), subject=subject, reason="a canary title", since=NOW)


def test_a_patient_who_is_well(scrape_of):
    """Zeros where there is nothing, also for endpoints that have nothing open."""
    scrape = scrape_of(endpoints={"huly": UP}, log_position=12, view_position=12, last_success_at=NOW)
    shown = {name: value for (name, labels), value in scrape.values.items() if not labels}
    expected = {
        "syncengine_vanished_records": 0,
        "syncengine_oldest_open_intent_age_seconds": 0,
        "syncengine_last_successful_pass_timestamp_seconds": NOW.timestamp(),
        "syncengine_pass_running_seconds": 0,
        "syncengine_log_position": 12,
        "syncengine_view_lag_events": 0,
        "syncengine_lease_held": 1,
    }
    assert expected.items() <= shown.items()
    assert scrape("syncengine_endpoint_up", endpoint="huly") == 1
    assert scrape("syncengine_endpoint_paused", endpoint="huly") == 0
    assert scrape("syncengine_pending_writes", endpoint="huly") == 0
    assert scrape("syncengine_postponed_writes", endpoint="huly") == 0
    assert scrape("syncengine_parked_items", subject="field") == 0
    assert scrape("syncengine_parked_items", subject="write") == 0


def test_open_writes_are_counted_by_endpoint_and_by_whether_anything_is_known(scrape_of):
    """Pending: nothing is known; postponed: another attempt or look is due later. The oldest is the first."""
    writes = (
        open_write("huly", age_s=90),
        open_write("huly", outcome="not_done"),
        open_write("huly", outcome="unknown"),
        open_write("vibe"),
    )
    scrape = scrape_of(endpoints={"huly": UP, "vibe": UP}, open_writes=writes)
    assert scrape("syncengine_pending_writes", endpoint="huly") == 1
    assert scrape("syncengine_postponed_writes", endpoint="huly") == 2
    assert scrape("syncengine_pending_writes", endpoint="vibe") == 1
    assert scrape("syncengine_postponed_writes", endpoint="vibe") == 0
    assert scrape("syncengine_oldest_open_intent_age_seconds") == 90


def test_parked_items_and_vanished_records(scrape_of):
    """By what waits; which field or which endpoint is not said, and what is missing has a metric of its own."""
    items = tuple(map(parked, ("field:title", "field:status", "write:huly", "gone:vibe", "gone:huly", "gone:vibe")))
    scrape = scrape_of(parked=items)
    assert scrape("syncengine_parked_items", subject="field") == 2
    assert scrape("syncengine_parked_items", subject="write") == 1
    assert len(scrape.all("syncengine_parked_items")) == 2
    assert scrape("syncengine_vanished_records") == 3


@pytest.mark.parametrize(
    ("signs", "up", "paused"),
    [
        (UP, 1, 0),
        (EndpointSigns(connected=False), 0, 0),
        (EndpointSigns(connected=True, trouble="no route to host"), 0, 0),
        (EndpointSigns(connected=True, paused=PausedEndpoint(endpoint="huly", reason="401", since=NOW)), 1, 1),
        (EndpointSigns(connected=True, slow=True), 1, 0),
    ],
)
def test_an_endpoint_is_up_while_it_is_connected_and_answers(scrape_of, signs, up, paused):
    """A pause is another thing, and being slow is no absence."""
    scrape = scrape_of(endpoints={"huly": signs})
    assert scrape("syncengine_endpoint_up", endpoint="huly") == up
    assert scrape("syncengine_endpoint_paused", endpoint="huly") == paused


def test_a_pass_under_way_has_been_running_for_a_while(scrape_of):
    """0 between passes, and never less, even when the clock was set back."""
    assert scrape_of(pass_started_at=NOW - timedelta(seconds=42))("syncengine_pass_running_seconds") == 42
    assert scrape_of(pass_started_at=NOW + timedelta(seconds=42))("syncengine_pass_running_seconds") == 0


def test_no_success_yet_is_time_zero(scrape_of):
    """So that "too long ago" is also true for a process that never had one."""
    assert scrape_of()("syncengine_last_successful_pass_timestamp_seconds") == 0


def test_the_log_and_its_writer(scrape_of):
    """Views that lag, and a lease that was lost."""
    scrape = scrape_of(log_position=120, view_position=100, lease_held=False)
    assert scrape("syncengine_log_position") == 120
    assert scrape("syncengine_view_lag_events") == 20
    assert scrape("syncengine_lease_held") == 0


def test_an_endpoint_that_is_gone_from_the_settings_is_gone_from_the_next_scrape(scrape_of):
    """Gauges show this moment and no other."""
    assert scrape_of(endpoints={"huly": UP, "vibe": UP})("syncengine_endpoint_up", endpoint="vibe") == 1
    assert scrape_of(endpoints={"huly": UP})("syncengine_endpoint_up", endpoint="vibe") is None


def test_a_scrape_asks_once():
    """All gauges are from the same moment."""
    patient = Signs()
    metrics = open_metrics(patient, version="1")
    metrics.exposition()
    metrics.exposition()
    assert patient.asked == 2
    metrics.close()


def test_a_patient_may_come_later():
    """Before, the gauges have no values; the rest is there."""
    metrics = open_metrics(None, version="1")
    before = Scrape.of(metrics.exposition())
    metrics.watch(Signs(evolve(WELL, log_position=5)))
    after = Scrape.of(metrics.exposition())
    assert before("syncengine_log_position") is None
    assert before.types["syncengine_log_position"] == "gauge"
    assert after("syncengine_log_position") == 5
    metrics.close()


def test_checks_are_shown_by_name_and_those_of_endpoints_as_one():
    """One endpoint that is not well is enough."""
    metrics = open_metrics(None, version="1")
    metrics.watch_checks(lambda: {"log": True, "clock": False, "endpoint:a": True, "endpoint:b": False, "endpoint:c": True})
    shown = Scrape.of(metrics.exposition()).all("syncengine_health_check")
    assert {dict(labels)["check"]: value for labels, value in shown.items()} == {"log": 1, "clock": 0, "endpoints": 0}
    metrics.close()


def test_a_patient_who_cannot_be_asked_spoils_nothing_else(caplog):
    """The counters and the checks are there, and a log line says why the gauges are not."""
    metrics = open_metrics(None, version="1")

    class Dead:
        def vital_signs(self):
            raise OSError("disk I/O error")

    metrics.watch(Dead())
    metrics.watch_checks(lambda: {"log": False})
    with caplog.at_level(logging.ERROR):
        scrape = Scrape.of(metrics.exposition())
    assert scrape("sync_runs_total", status="success") == 0
    assert scrape("syncengine_health_check", check="log") == 0
    assert scrape("syncengine_log_position") is None
    assert "some gauges are missing" in caplog.text
    metrics.close()


def test_breakers_may_be_asked_instead_of_waiting_for_a_change():
    """A host that never failed is shown as closed, and one that changed by itself as it is now."""
    metrics = open_metrics(None, version="1")
    metrics.telemetry.note(BreakerChanged(host="b:1", state="open"))
    metrics.watch_breakers(lambda: {"a:443": "closed", "b:1": "half_open", "[::1]:80": "open"})
    shown = Scrape.of(metrics.exposition()).all("syncengine_breaker_state")
    assert {frozenset(dict(it).values()) for it, value in shown.items() if value} == {
        frozenset({"a:443", "closed"}),
        frozenset({"b:1", "half_open"}),
        frozenset({"[::1]:80", "open"}),
    }
    assert len(shown) == 9
    metrics.close()
