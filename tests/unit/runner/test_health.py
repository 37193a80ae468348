"""What health follows from vital signs: nothing is overlooked, and worse signs never make it better."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import attrs
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from syncengine.adapters.telemetry.vital_signs import EndpointSigns, VitalSigns
from syncengine.engine.ports import OpenWrite, ParkedItem, PausedEndpoint
from syncengine.redaction import Secret
from syncengine.runner.health.health import NAMES, STATUSES, check
from syncengine.runner.health.health_settings import HealthSettings

NOON = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)
SETTINGS = HealthSettings()
LINK = UUID(int=7)


def ago(seconds):
    return NOON - timedelta(seconds=seconds)


def open_write(seconds):
    return OpenWrite(intent_id="i", link_id=LINK, endpoint="huly", since=ago(seconds))


def parked(subject="field:title"):
    return ParkedItem(link_id=LINK, subject=subject, reason='"Emma" or "Ulysses"', since=ago(60))


def paused():
    return PausedEndpoint(endpoint="huly", reason="AuthenticationFailed: the token expired", since=ago(30))


def well(**other):
    """Everything as it should be, an hour after the start."""
    signs = {
        "now": NOON,
        "started_at": ago(3600),
        "interval_s": 60.0,
        "ready": True,
        "endpoints": {"huly": EndpointSigns(connected=True), "vibe": EndpointSigns(connected=True)},
        "last_pass_at": ago(20),
        "last_success_at": ago(20),
        "log_position": 12,
        "view_position": 12,
        **other,
    }
    return VitalSigns(**signs)


def huly(**signs):
    return {"endpoints": {"huly": EndpointSigns(**{"connected": True, **signs}), "vibe": EndpointSigns(connected=True)}}


BAD_ALONE = {
    "no pass without problems": ({"last_success_at": ago(151)}, "last_pass", "degraded"),
    "never a pass without problems": ({"last_success_at": None}, "last_pass", "degraded"),
    "no pass at all": ({"last_success_at": None, "last_pass_at": None}, "last_pass", "unhealthy"),
    "passes no longer end": ({"last_success_at": ago(1831), "last_pass_at": ago(1831)}, "last_pass", "unhealthy"),
    "only the end of passes is missing": ({"last_pass_at": ago(1831)}, "last_pass", "unhealthy"),
    "the start is not over": ({"ready": False}, "last_pass", "degraded"),
    "a long pass": ({"pass_started_at": ago(60)}, "pass_running", "degraded"),
    "a pass that is stuck": ({"pass_started_at": ago(1801)}, "pass_running", "unhealthy"),
    "the log": ({"log_trouble": "the disk is full; make room"}, "log", "unhealthy"),
    "the lease": ({"lease_held": False}, "lease", "unhealthy"),
    "views behind": ({"view_position": 11}, "views", "degraded"),
    "views ahead": ({"view_position": 13}, "views", "degraded"),
    "not connected": (huly(connected=False), "endpoint:huly", "degraded"),
    "in trouble": (huly(trouble="list failed with Unreachable"), "endpoint:huly", "degraded"),
    "refused": (huly(paused=paused()), "endpoint:huly", "degraded"),
    "breaker open": (huly(breaker="open"), "endpoint:huly", "degraded"),
    "breaker half open": (huly(breaker="half_open"), "endpoint:huly", "degraded"),
    "slow": (huly(slow=True), "endpoint:huly", "degraded"),
    "an old intent": ({"open_writes": (open_write(901),)}, "open_intents", "degraded"),
    "a conflict": ({"parked": (parked(),)}, "parked", "degraded"),
    "a refused write": ({"parked": (parked("write:huly"),)}, "parked", "degraded"),
    "a missing record": ({"parked": (parked("gone:huly"),)}, "parked", "degraded"),
    "the clock": ({"clock_jumped_at": ago(59), "clock_jump_s": -3600.0}, "clock", "degraded"),
}

NO_SIGNS = {"now", "interval_s", "started_at"}
"""What the other signs are measured against."""

DEPENDENT = {"lease_trouble": "lease_held", "clock_jump_s": "clock_jumped_at", "log_position": "view_position"}
"""Signs that only say more about another one."""


def test_all_well():
    """Every check is there and has nothing to say."""
    health = check(well(), SETTINGS)
    assert (health.status, health.reasons, health.ready, health.uptime_s) == ("healthy", (), True, 3600.0)
    assert [it.name for it in health.checks] == [*NAMES, "endpoint:huly", "endpoint:vibe"]


@pytest.mark.parametrize("case", BAD_ALONE)
def test_one_bad_sign_is_enough(case):
    """It is told by its own check and no other, and the overall health is as bad as that one."""
    signs, name, status = BAD_ALONE[case]
    health = check(well(**signs), SETTINGS)
    assert {it.name: it.status for it in health.checks if not it.ok} == {name: status}
    assert health.status == status


def test_no_sign_is_left_out():
    """A new field of the vital signs needs a case above."""
    fields = {it.name for it in attrs.fields(VitalSigns)} - NO_SIGNS - set(DEPENDENT)
    assert fields == {name for signs, _, _ in BAD_ALONE.values() for name in signs} - set(DEPENDENT)
    of_endpoint = {it.name for it in attrs.fields(EndpointSigns)}
    said = {
        it.name
        for signs, _, _ in BAD_ALONE.values()
        if "endpoints" in signs
        for it in attrs.fields(EndpointSigns)
        if getattr(signs["endpoints"]["huly"], it.name) != getattr(EndpointSigns(connected=True), it.name)
    }
    assert said == of_endpoint


@pytest.mark.parametrize("case", BAD_ALONE)
def test_every_reason_says_what_to_do(case):
    """A command, a settings key or an act; one sentence without a full stop at the end, in one line."""
    signs, _, _ = BAD_ALONE[case]
    (reason,) = check(well(**signs), SETTINGS).reasons
    ways_out = (
        "`syncengine ",
        "[health]",
        "[sync]",
        "[endpoints.huly]",
        "make room",
        "restarted",
        "wait,",
        "`timedatectl`",
    )
    assert any(it in reason for it in ways_out), reason
    assert not reason.endswith(".")
    assert "\n" not in reason


JUST_WELL = {
    "the last success": {"last_success_at": ago(150)},
    "a pass": {"pass_started_at": ago(59)},
    "an intent": {"open_writes": (open_write(900),)},
    "the clock": {"clock_jumped_at": ago(60), "clock_jump_s": 5.0},
    "a start": {"started_at": ago(150), "last_pass_at": None, "last_success_at": None},
    "a start after a long rest": {"started_at": ago(10), "last_pass_at": ago(86_400), "last_success_at": ago(86_400)},
    "a clock that was set back": {"last_pass_at": ago(-500), "last_success_at": ago(-500), "pass_started_at": ago(-500)},
}


@pytest.mark.parametrize("case", JUST_WELL)
def test_the_limits(case):
    """What is just not too old."""
    assert check(well(**JUST_WELL[case]), SETTINGS).reasons == ()


def test_all_endpoints_down_is_no_reason_to_restart():
    """However long it lasts: the passes still come to their end."""
    down = {name: EndpointSigns(connected=False, breaker="open", trouble="x") for name in ("huly", "vibe")}
    health = check(well(endpoints=down, last_success_at=None, started_at=ago(30 * 86_400)), SETTINGS)
    assert (health.status, health.ready) == ("degraded", True)


@pytest.mark.parametrize("sign", [{"ready": False}, {"log_trouble": "x"}, {"lease_held": False}])
def test_what_makes_it_unready(sign):
    """The start, the log and the lease; nothing else."""
    assert not check(well(**sign), SETTINGS).ready


@pytest.mark.parametrize("case", BAD_ALONE)
def test_what_leaves_it_ready(case):
    """A remote, a person or a slow pass do not."""
    signs, name, _ = BAD_ALONE[case]
    assert check(well(**signs), SETTINGS).ready == (name not in {"log", "lease"} and "ready" not in signs)


def test_the_settings_move_the_limits():
    """Each of them."""
    settings = HealthSettings(pass_grace_s=0, long_pass_s=10, open_intent_s=5, parked_items=2)
    assert check(well(last_success_at=ago(121)), settings).status == "degraded"
    assert check(well(pass_started_at=ago(180)), settings).status == "degraded"
    assert check(well(pass_started_at=ago(181)), settings).status == "unhealthy"
    assert check(well(last_pass_at=ago(601)), settings).status == "unhealthy"
    assert check(well(open_writes=(open_write(6),)), settings).status == "degraded"
    assert check(well(parked=(parked(), parked("gone:huly"))), settings).status == "healthy"
    three = check(well(parked=(parked(), parked("gone:huly"), parked("write:huly"))), settings)
    assert three.reasons[0].startswith("3 items wait for a person, and [health] parked_items allows 2; ")


def test_reasons_hold_numbers_and_no_values():
    """How many writes and items there are, and for how long; not what is in them."""
    health = check(well(open_writes=(open_write(7300), open_write(10)), parked=(parked(), parked("gone:x"))), SETTINGS)
    intents, items = health.reasons
    assert intents.startswith("2 writes have no outcome yet, the oldest for 2 h,")
    assert items.startswith("2 items wait for a person;")
    assert "Emma" not in str(health)


def test_no_secret_gets_into_a_reason():
    """Whatever a remote wrote into its errors."""
    Secret("hunter2-hunter2")
    told = evolve(paused(), reason="the token hunter2-hunter2 expired")
    health = check(well(**huly(paused=told), log_trouble="cannot open hunter2-hunter2"), SETTINGS)
    assert len(health.reasons) == 2
    assert "hunter2" not in str(health)


def test_the_worst_reason_comes_first():
    """A person reads the first line."""
    health = check(well(parked=(parked(),), lease_held=False), SETTINGS)
    assert health.reasons[0].startswith("this process may not write the event log;")


# -- laws ------------------------------------------------------------------------------------------------------------------

moments = st.one_of(st.none(), st.floats(-5_000, 50_000).map(ago))
endpoint_signs = st.builds(
    EndpointSigns,
    connected=st.booleans(),
    trouble=st.one_of(st.none(), st.text(max_size=20)),
    paused=st.one_of(st.none(), st.just(paused())),
    breaker=st.sampled_from(["closed", "open", "half_open"]),
    slow=st.booleans(),
)
all_signs = st.builds(
    VitalSigns,
    now=st.just(NOON),
    started_at=st.floats(0, 50_000).map(ago),
    interval_s=st.floats(0.1, 5_000),
    ready=st.booleans(),
    endpoints=st.dictionaries(st.sampled_from(["huly", "vibe", "todo"]), endpoint_signs),
    pass_started_at=moments,
    last_pass_at=moments,
    last_success_at=moments,
    open_writes=st.lists(st.floats(-100, 5_000).map(open_write), max_size=3).map(tuple),
    parked=st.lists(st.just(parked()), max_size=4).map(tuple),
    log_position=st.integers(0, 20),
    view_position=st.integers(0, 20),
    log_trouble=st.one_of(st.none(), st.text(max_size=20)),
    lease_held=st.booleans(),
    lease_trouble=st.one_of(st.none(), st.text(max_size=20)),
    clock_jumped_at=moments,
    clock_jump_s=st.floats(-1e9, 1e9),
)
all_settings = st.builds(
    HealthSettings,
    pass_grace_s=st.floats(0, 500),
    long_pass_s=st.floats(1, 5_000),
    open_intent_s=st.floats(1, 5_000),
    parked_items=st.integers(0, 3),
)


def earlier(name):
    def worse(signs, seconds):
        moment = getattr(signs, name)
        return signs if moment is None else evolve(signs, **{name: moment - timedelta(seconds=seconds)})

    return worse


def older_intent(signs, seconds):
    first = open_write(max(signs.oldest_open_s, 0) + seconds)
    return evolve(signs, open_writes=(first, *signs.open_writes))


def later_jump(signs, seconds):
    if signs.clock_jumped_at is None or signs.clock_jumped_at > NOON:
        return signs
    return evolve(signs, clock_jumped_at=min(signs.clock_jumped_at + timedelta(seconds=seconds), NOON))


def further_behind(signs, seconds):
    behind = signs.log_position - signs.view_position
    return evolve(signs, log_position=signs.view_position + behind + (1 if behind >= 0 else -1))


def bad_endpoint(**sign):
    def worse(signs, seconds):
        return evolve(signs, endpoints={name: evolve(it, **sign) for name, it in signs.endpoints.items()})

    return worse


WORSE = {
    "an earlier start": earlier("started_at"),
    "an earlier success": earlier("last_success_at"),
    "an earlier end": earlier("last_pass_at"),
    "a longer pass": earlier("pass_started_at"),
    "no success": lambda signs, _: evolve(signs, last_success_at=None),
    "no end": lambda signs, _: evolve(signs, last_pass_at=None),
    "not ready": lambda signs, _: evolve(signs, ready=False),
    "no log": lambda signs, _: evolve(signs, log_trouble="the disk is full"),
    "no lease": lambda signs, _: evolve(signs, lease_held=False),
    "one more item": lambda signs, _: evolve(signs, parked=(*signs.parked, parked())),
    "an older intent": older_intent,
    "a later jump": later_jump,
    "further behind": further_behind,
    "not connected": bad_endpoint(connected=False),
    "in trouble": bad_endpoint(trouble="x"),
    "refused": bad_endpoint(paused=paused()),
    "breaker open": bad_endpoint(breaker="open"),
    "slow": bad_endpoint(slow=True),
}


@pytest.mark.parametrize("worse", WORSE)
@given(signs=all_signs, settings=all_settings, seconds=st.floats(0, 10_000))
def test_worse_signs_never_make_better_health(worse, signs, settings, seconds):
    """Neither over all nor in any one check; and what was not ready does not become ready."""
    before = check(signs, settings)
    after = check(WORSE[worse](signs, seconds), settings)
    assert STATUSES.index(after.status) >= STATUSES.index(before.status)
    badness = {it.name: STATUSES.index(it.status) for it in before.checks}
    assert all(STATUSES.index(it.status) >= badness[it.name] for it in after.checks)
    assert before.ready or not after.ready


@given(signs=all_signs, settings=all_settings)
def test_health_is_a_function_of_the_signs(signs, settings):
    """Always an answer, always the same one; every check that is not well has a reason, and only those have one."""
    health = check(signs, settings)
    assert health == check(signs, settings)
    assert health.status == max((it.status for it in health.checks), key=STATUSES.index)
    assert all(it.ok != bool(it.reason) for it in health.checks)
    assert health.uptime_s >= 0


def test_the_page_names_every_check_and_every_setting():
    """docs/health.md is where an operator looks."""
    page = (Path(__file__).parents[3] / "docs" / "health.md").read_text("utf-8")
    names = [*NAMES, "endpoint:NAME"]
    assert [name for name in names if f"| `{name}` |" not in page] == []
    assert [it.name for it in attrs.fields(HealthSettings) if f"`{it.name}`" not in page] == []
