"""
When a container is listed from the start again, although its listing could go on at a cursor.

A cursor tells what changed since, as far as the remote showed it: what a filter, a missing permission or an index that lost
a row hid at that time stays behind it. So now and then everything is compared.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from syncengine.engine.ports import KnownRecord

NOT_YET = timedelta(0)


def is_full_listing_due(last: datetime | None, now: datetime, *, every_s: float, known: Iterable[KnownRecord] = ()) -> bool:
    """
    Whether to forget the cursor for once.

    Args:
        last: when the container was last listed from the start (aware UTC); None when nobody knows.
        now: aware UTC; before `last` when somebody set the clock back, and then nobody knows how long ago that was.
        every_s: seconds between two full listings.
        known: its records. While one of them is missing without proof, only a full listing can give it: others are shown.
    """
    if last is None or not NOT_YET <= now - last < timedelta(seconds=every_s):
        return True
    return any(it.gone is not None and not it.gone.is_proof for it in known)
