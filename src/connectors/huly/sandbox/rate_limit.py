"""The sliding window of requests per account (observed 26)."""

from collections import deque

from attrs import Factory, define, frozen


@frozen(kw_only=True)
class Admission:
    """What the window says about one request.

    Attributes:
        refused: the request must be answered with 429.
        remaining: requests left in the window.
        retry_after_ms: wait before the next try; 1000 on admitted requests, as a real server says.
    """

    refused: bool
    remaining: int
    retry_after_ms: int


@define
class SlidingWindow:
    """Requests of one account in the last `window_ms` milliseconds; refused ones count too, up to one above the limit.

    The wait it names is the time until the oldest request leaves the window, so a client that obeys it may be refused
    once more, as with the real server.
    """

    limit: int
    window_ms: int
    _seen: deque[int] = Factory(deque)

    def admit(self, now_ms: int) -> Admission:
        """Counts one request and says whether it passes."""
        while self._seen and self._seen[0] <= now_ms - self.window_ms:
            self._seen.popleft()
        if len(self._seen) <= self.limit:
            self._seen.append(now_ms)
        if len(self._seen) >= self.limit:
            wait_ms = self._seen[0] + self.window_ms - now_ms
            return Admission(refused=True, remaining=0, retry_after_ms=max(1, wait_ms))
        return Admission(refused=False, remaining=self.limit - len(self._seen), retry_after_ms=1000)


@define(kw_only=True)
class RateLimits:
    """One window per account, shared by all its tokens (observed 26)."""

    limit: int
    window_ms: int
    _windows: dict[str, SlidingWindow] = Factory(dict)

    def admit(self, account: str, now_ms: int) -> Admission:
        """Counts one request of an account and says whether it passes."""
        window = self._windows.get(account)
        if window is None:
            window = self._windows[account] = SlidingWindow(self.limit, self.window_ms)
        return window.admit(now_ms)

    def forget(self) -> None:
        """Empties all windows, as if the last window length had passed in silence."""
        self._windows.clear()


def rate_headers(admission: Admission, *, limit: int, now_ms: int, window_ms: int) -> dict[str, str]:
    """The headers that every admitted and every refused answer carries (observed 26)."""
    return {
        "Retry-After": str(max(1, admission.retry_after_ms // 1000)),
        "Retry-After-ms": str(admission.retry_after_ms),
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(admission.remaining),
        "X-RateLimit-Reset": str(now_ms + window_ms),
    }


RATE_LIMIT_BODY = {
    "id": -1,
    "error": {"severity": "ERROR", "code": "platform:status:UnknownError", "params": {"message": "Rate limit"}},
}
