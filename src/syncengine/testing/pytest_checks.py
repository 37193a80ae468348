"""The conformance checks as a pytest class; needs pytest and pytest-asyncio."""

import pytest

from syncengine.testing.conformance import CHECKS, Check, name_of, refuse_unknown_waivers
from syncengine.testing.subject import NotApplicable, Subject


class ConnectorConformance:
    """
    All checks of the connector contract; inherit and write one fixture.

    ```python
    class TestMyConnector(ConnectorConformance):
        @pytest.fixture
        def subject(self) -> Subject:
            return Subject(...)
    ```
    """

    @pytest.fixture
    def subject(self) -> Subject:
        """What is checked; every test gets a fresh one."""
        raise NotImplementedError("write a fixture `subject` that returns a syncengine.testing.Subject")

    @pytest.mark.asyncio
    @pytest.mark.parametrize("check", CHECKS, ids=name_of)
    async def test_contract(self, check: Check, subject: Subject) -> None:
        """One promise of the connector contract."""
        refuse_unknown_waivers(subject)
        reason = subject.waivers.get(name_of(check))
        if reason is not None:
            pytest.skip(f"waived: {reason}")
        try:
            await check(subject)
        except NotApplicable as nothing:
            pytest.skip(f"not applicable: {nothing}")
