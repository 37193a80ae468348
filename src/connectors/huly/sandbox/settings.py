"""How the sandbox behaves where a real server has a setting, a limit or a speed."""

import time
from collections.abc import Callable

from attrs import field, frozen, validators


@frozen(kw_only=True)
class SandboxSettings:
    """The knobs of the sandbox; the defaults are what was measured on a real server.

    All times are seconds. A delay of `None` means "only when `HulySandbox.settle()` is called", which lets a test
    read the state between a write and its late consequences.

    Attributes:
        version: the version in `config.json` and `/version`.
        rate_limit: requests per window and account; the request that reaches it is refused (observed 26).
        rate_window_s: length of the sliding window.
        keep_alive_s: idle connections are closed after this time (observed 7).
        join_delay_s: time until the author of an issue in a public project becomes a member (observed 14: 40 to 90 ms).
        activity_delay_s: time until the activity entry of a write is added, which rewrites the time stamp of the
            document with that of its own write.
        commit_lag_s: time between the server's time stamp and the change becoming visible (observed 10).
        session_idle_s: a session that was not used for this long is opened anew, and only then the membership in the
            workspace is looked at again.
        login_attempts: wrong passwords until the account is locked (observed 29).
        rewrites_unchanged_text: whether `updateContent` with the text that is already there writes a new snapshot and
            moves the time stamp; a real server did in 8 of 12 trials.
        url_limit: longest request target in bytes; a longer one is answered with 431 (observed 6).
        collaborator_body_limit: largest body in bytes that the collaborator accepts.
        clock: the server's clock, seconds since the epoch.
    """

    version: str = "0.7.423"
    rate_limit: int = field(default=1500, validator=validators.gt(0))
    rate_window_s: float = field(default=30.0, validator=validators.gt(0))
    keep_alive_s: float = 5.0
    join_delay_s: float | None = 0.06
    activity_delay_s: float | None = 0.02
    commit_lag_s: float = 0.0
    session_idle_s: float = 75.0
    login_attempts: int = 5
    rewrites_unchanged_text: bool = True
    url_limit: int = 16 * 1024
    collaborator_body_limit: int = 10 * 1024 * 1024
    clock: Callable[[], float] = time.time

    def now_ms(self) -> int:
        """The server's time in whole milliseconds."""
        return int(self.clock() * 1000)
