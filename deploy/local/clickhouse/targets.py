"""What columns an INSERT wants, remembered until a statement may have changed a schema."""

from collections.abc import Callable

Columns = tuple[tuple[str, str], ...]  # (name, type)

# INSERT statements are few; this bounds those who write them anew each time.
MAX_REMEMBERED = 1000


class Targets:
    """Shared by all sessions: every statement that could change a schema passes through this process."""

    def __init__(self) -> None:
        self._schema_version = 0
        self._known: dict[tuple[str, str, str], tuple[int, Columns]] = {}

    def schema_changed(self) -> None:
        self._schema_version += 1

    def columns(self, key: tuple[str, str, str], describe: Callable[[], Columns]) -> Columns:
        """Give the columns of (database, table, column list), asking `describe` if need be."""
        version = self._schema_version  # read before asking: a change meanwhile makes the answer stale
        known = self._known.get(key)
        if known is None or known[0] != version:
            if len(self._known) >= MAX_REMEMBERED:
                self._known.clear()
            known = self._known[key] = version, describe()
        return known[1]
