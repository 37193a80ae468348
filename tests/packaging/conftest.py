"""What these tests share."""

from tests.fixtures.installed_wheel import installed

__all__ = ["installed"]
