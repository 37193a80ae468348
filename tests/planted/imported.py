"""A pytest plugin: the tests run on the copy in which the defect was planted, and not on the installed package."""

import os
from pathlib import Path

import connectors
import syncengine


def pytest_configure(config):
    """Stop before the first test when another copy was imported."""
    wanted = Path(os.environ["PLANTED_SRC"]).resolve()
    for package in (syncengine, connectors):
        found = Path(package.__file__).resolve()
        if not found.is_relative_to(wanted):
            raise SystemExit(f"{package.__name__} was imported from {found} instead of {wanted}; nothing was tested")
