"""
A runner that is killed hundreds of times while people work on both sides, and an account of what came of it.

    python -m tests.kills --kills 500 --seed 1

A real process, `syncengine run`, between the Huly sandbox and the real Vibe server, each behind a `Gate` that tells when a
write is under way, so that some of the kills hit exactly there. The people keep a book of everything they did; in the end
what both servers hold is compared with that book alone.
"""
