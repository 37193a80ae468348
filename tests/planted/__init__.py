"""Planted defects: proof that the laws notice when they are broken. Run with `python -m tests.planted.run`."""
