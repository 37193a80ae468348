"""The memory connector keeps the contract, whatever it is told to be able to do."""

import pytest

from syncengine.testing import Abilities, ConnectorConformance
from tests.conformance.memory_subjects import ABILITIES, subject_of


@pytest.mark.parametrize("name", ABILITIES)
class TestMemoryConnector(ConnectorConformance):
    """Remotes of several kinds, without projects."""

    @pytest.fixture
    def subject(self, name):
        """A fresh remote of this kind."""
        return subject_of(ABILITIES[name])


class TestMemoryProjects(ConnectorConformance):
    """The root container of a remote with projects."""

    @pytest.fixture
    def subject(self):
        """A fresh remote with projects."""
        return subject_of(Abilities(projects=True, key_storage="marker", natural_keys=("title",)))
