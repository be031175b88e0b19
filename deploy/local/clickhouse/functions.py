"""Which of the engine's functions look at nothing but their arguments."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import orjson

# Groups of functions, by the engine's own words for them. Those that aren't here reach out or look behind: into
# dictionaries, files, other tables, models, settings, the server's insides.
_GROUPS = {
    "Aggregate Functions",
    "Arithmetic",
    "Arrays",
    "Bit",
    "Bitmap",
    "Comparison",
    "Conditional",
    "Dates and Times",
    "Distance",
    "Encoding",
    "Financial",
    "Geo",
    "Hash",
    "IP Address",
    "JSON",
    "Logical",
    "Map",
    "Mathematical",
    "Null",
    "Random Number",
    "Rounding",
    "String",
    "String Replacement",
    "String Search",
    "String Splitting",
    "Time Window",
    "Tuple",
    "Type Conversion",
    "URL",
    "UUID",
}
# From groups that hold others too; the last four are the parser's own.
_SINGLE = {
    *("bar", "currentDatabase", "currentUser", "formatReadableDecimalSize", "formatReadableQuantity"),
    *("formatReadableSize", "formatReadableTimeDelta", "getSetting", "identity", "ignore", "materialize"),
    *("rowNumberInAllBlocks", "runningDifference", "toTypeName", "transform", "version"),
    *("_CAST", "caseWithExpression", "exists", "lambda"),
}
_ENDINGS = re.compile(r"(If|Array|Map|Distinct|OrDefault|OrNull|State|Merge|ForEach|ArgMin|ArgMax)$")


class Function(NamedTuple):
    """A row of the engine's `system.functions`."""

    name: str
    alias_to: str
    group: str
    is_aggregate: bool
    any_case: bool
    of_system: bool


class Functions:
    """Args:
    known: all that the engine has.
    tables: names of its table functions: one that is both is refused.
    """

    def __init__(self, known: Iterable[Function], tables: Iterable[str]) -> None:
        by_name = {function.name: function for function in known}
        refused = {name.lower() for name in tables}
        harmless = {
            name
            for name, function in by_name.items()
            if function.of_system
            and name.lower() not in refused
            and (name in _SINGLE or by_name.get(function.alias_to, function).group in _GROUPS)
        }
        self._harmless = harmless | (_SINGLE - by_name.keys())
        self._any_case = {name.lower() for name in harmless if by_name[name].any_case}
        self._aggregates = {name for name in harmless if by_name[name].is_aggregate}
        self._aggregates |= {name.lower() for name in self._aggregates if by_name[name].any_case}
        self._lower = {name.lower() for name in by_name}

    def harmless(self, name: str) -> bool:
        """Whether a query may call it. An unknown one isn't."""
        if name in self._harmless or name.lower() in self._any_case:
            return True
        while found := _ENDINGS.search(name):
            name = name[: found.start()]
            if name in self._aggregates or name.lower() in self._aggregates & self._any_case:
                return True
        return False

    def harmful(self, name: str) -> bool:
        """Whether it is the name of one that a query may not call."""
        return name.lower() in self._lower and not self.harmless(name)


def functions_of(ask: Callable[[str, str], bytes]) -> Functions:
    """Those of an engine. `ask` runs a statement and prints in a format."""

    def rows(sql: str) -> list[list[Any]]:
        return [orjson.loads(line) for line in ask(sql, "JSONCompactEachRow").splitlines()]

    known = rows(
        "SELECT name, alias_to, categories, toBool(is_aggregate), toBool(case_insensitive), origin = 'System'"
        " FROM system.functions"
    )
    tables = rows("SELECT name FROM system.table_functions")
    return Functions((Function(*row) for row in known), (name for (name,) in tables))
