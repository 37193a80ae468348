"""What the judge of a history says when something happened that must never happen."""


class BrokenPromise(AssertionError):
    """
    Something happened that must never happen.

    Attributes:
        invariant: which promise was broken, in a few words.
        story: what happened, as a sentence.
    """

    def __init__(self, invariant: str, story: str) -> None:
        super().__init__(f"{invariant}: {story}")
        self.invariant = invariant
        self.story = story
