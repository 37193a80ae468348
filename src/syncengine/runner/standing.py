"""How things stand, as plain data, from the log alone."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from syncengine.adapters.event_log import OpenLog
from syncengine.adapters.lease_row import LeaseHolder
from syncengine.domain.identity import ROOT, ContainerId, EndpointName, LinkId, RecordId
from syncengine.domain.pauses import in_words
from syncengine.domain.records import RecordRef
from syncengine.engine.ports import OpenWrite, ParkedItem, Views
from syncengine.runner.short_text import age, at, cut

WAYS_OUT = {
    "field": "choose with `syncengine resolve ITEM`, or make the field the same everywhere",
    "write": "remove the cause and use `syncengine resume ITEM`, or `syncengine run --once --retry-refused` for all; "
    "a create in doubt needs you to look there first, and `syncengine resume ITEM --create` if the record is missing",
    "copy": "say what it is with `syncengine resolve ITEM --keep`, `--as-new` or `--ignore`, or delete it",
    "gone": "if it was deleted, delete it elsewhere too; if it is hidden from our account, give access again",
}
"""What a person can do about each kind of waiting item."""


def standing_of(log: OpenLog, now: datetime) -> dict[str, Any]:
    """
    Everything `syncengine status` says; durations come in seconds and in words.

    Raises:
        EventLogError: the log cannot be read.
    """
    counts, views = log.views.counts(), log.views
    parked = [_parked(views, item, now) for item in views.parked()]
    return {
        "log": {
            "path": str(log.path),
            "events": counts.events,
            "durability": log.durability(),
            "held_by": _said(log.writer()),
        },
        "last_pass": _last_pass(log, now),
        "skipped_passes": log.heartbeat.skipped(),
        "records": dict(counts.by_endpoint),
        "links": counts.links,
        "open_writes": [_open_write(views, write, now) for write in views.open_writes()],
        "postponed": sum(write.outcome is not None for write in views.open_writes()),
        "parked": parked,
        "held_plans": [
            {"place": it.place, "plan": it.plan, "reason": it.reason, "since": it.since, **_age(it.since, now)}
            for it in views.held_plans()
        ],
        "asked": [
            {"request": str(it.request), "by": it.by, "since": it.at, **_age(it.at, now)} for it in log.inbox.waiting()
        ],
        "vanished": sum(item["subject"].startswith("gone:") for item in parked),
        "paused": [
            {"endpoint": it.endpoint, "reason": it.reason, "since": it.since, **_age(it.since, now)}
            for it in views.paused()
        ],
        "paused_places": [
            {
                "subject": it.subject,
                "what": place_in_words(views, it.subject),
                "reason": it.reason,
                "by": it.by,
                "since": it.since,
                **_age(it.since, now),
                "way_out": _resuming(views, it.subject) if it.by else "it goes on by itself when that is over",
            }
            for it in views.pauses()
        ],
        "given_up_hosts": [
            {"host": it.host, "reason": it.reason, "since": it.since, **_age(it.since, now)}
            for it in views.given_up_hosts()
        ],
    }


def name_of(views: Views, link_id: LinkId) -> str:
    """What people call an item: the label of one of its records, else a record id, else the id of its link."""
    records = views.records_of(link_id)
    labels = [record.label for record in records if record.label]
    return cut(next((str(name) for name in (*labels, *(it.ref.record_id for it in records))), str(link_id)))


def place_in_words(views: Views, subject: str) -> str:
    """What is paused, with the name that people know it by."""
    kind, _, name = subject.partition(":")
    if kind == "item":
        return f"the item {name_of(views, LinkId(hex=name))}"
    endpoint, _, container = name.partition("/")
    project = views.known_record(RecordRef(EndpointName(endpoint), ROOT, RecordId(container))) if container else None
    return f"{in_words(subject)} ({cut(project.label)})" if project is not None and project.label else in_words(subject)


def _resuming(views: Views, subject: str) -> str:
    kind, _, name = subject.partition(":")
    return f"`syncengine resume {name_of(views, LinkId(hex=name)) if kind == 'item' else name}`"


def titles_of(views: Views, link_id: LinkId) -> dict[tuple[EndpointName, ContainerId], str]:
    """What people call the containers that the records of an item are in, as far as those are records themselves."""
    titles = {}
    for ref in {record.ref for record in views.records_of(link_id)}:
        project = views.known_record(RecordRef(ref.endpoint, ROOT, RecordId(ref.container)))
        if project is not None and project.label:
            titles[ref.endpoint, ref.container] = cut(project.label)
    return titles


def _said(holder: LeaseHolder | None) -> str | None:
    return str(holder) if holder is not None else None


def _age(since: datetime, now: datetime) -> Mapping[str, Any]:
    seconds = max(0.0, (now - since).total_seconds())
    return {"age_s": round(seconds, 1), "age": age(seconds)}


def _last_pass(log: OpenLog, now: datetime) -> dict[str, Any] | None:
    last = log.heartbeat.last_pass()
    if last is None:
        return None
    ago = age((now - last.finished_at).total_seconds())
    times = {"started_at": last.started_at, "finished_at": last.finished_at, "ago": ago}
    return {"sync_id": last.sync_id, **times, **last.summary}


def _open_write(views: Views, write: OpenWrite, now: datetime) -> dict[str, Any]:
    return {
        "item": name_of(views, write.link_id),
        "link_id": str(write.link_id),
        "intent_id": write.intent_id,
        "endpoint": write.endpoint,
        "since": write.since,
        **_age(write.since, now),
        "attempts": write.attempts,
        "outcome": write.outcome,
        "not_before": write.not_before,
        "reason": write.reason,
        "state": _state(write),
    }


def _state(write: OpenWrite) -> str:
    if write.outcome is None:
        return "no outcome saved yet; the next pass looks before it sends"
    act = "tried again" if write.outcome == "not_done" else "looked for"
    when = f" not before {at(write.not_before)}" if write.not_before else ""
    return f"{act}{when}: {cut(write.reason, longest=120)}"


def _parked(views: Views, item: ParkedItem, now: datetime) -> dict[str, Any]:
    return {
        "item": name_of(views, item.link_id),
        "link_id": str(item.link_id),
        "subject": item.subject,
        "reason": cut(item.reason, longest=200),
        "since": item.since,
        **_age(item.since, now),
        "way_out": WAYS_OUT.get(item.subject.partition(":")[0], "see `syncengine explain`"),
    }
