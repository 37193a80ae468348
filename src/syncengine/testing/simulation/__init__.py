"""
Simulated histories: the engine, its codec and a log under a deterministic driver, with remotes that misbehave on purpose.

`simulate` plays many histories and says which promises were broken. One seed is one history; a failing one is told in its
smallest form, with the command that plays it again. `python -m syncengine.testing.simulation` does the same.
"""

from syncengine.testing.simulation.broken_promise import BrokenPromise
from syncengine.testing.simulation.reports import Failure, Mode, Report
from syncengine.testing.simulation.simulate import simulate, story_of

__all__ = ["BrokenPromise", "Failure", "Mode", "Report", "simulate", "story_of"]
