"""What the stack must know of a server to run it."""

from collections.abc import Mapping, Sequence
from typing import Protocol


class Service(Protocol):
    """One kind of server with its ports and its folder. Making one starts nothing."""

    @property
    def kind(self) -> str: ...

    @property
    def ports(self) -> tuple[int, ...]: ...

    def prepare(self) -> None:
        """Write what it needs before its start. May block for seconds.

        Raises:
            NotInstalled: a binary or package is missing.
        """

    def command(self) -> Sequence[str]: ...

    def environment(self) -> Mapping[str, str]:
        """Variables on top of this process's own."""

    def answers(self) -> bool:
        """Whether it does its work now, seen by a real request. Blocks for at most a second."""
