"""What a user with rights may run: SELECTs of what it may read, and nothing else.

The engine here has no users, so this decides before it runs anything. It asks the engine's own parser for the tree of a
statement, which runs nothing, and goes through all of it; whatever isn't known to be harmless is refused. What is run
then isn't the user's text but the engine's, made from that very tree.

What a view reads is not looked at: as on a server, whose views run with the rights of who made them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import orjson

from deploy.local.clickhouse.errors import ACCESS_DENIED, BAD_ARGUMENTS, EngineError
from deploy.local.clickhouse.functions import Functions
from deploy.local.clickhouse.sql import identifier, quote
from schemas.access import Rights

Ask = Callable[[str], bytes]
"""Runs a statement that was written here, and gives what it prints as TSVRaw."""

# A query of more names than this is nobody's.
_MOST_NAMES: Final = 500

_NODES: Final = {
    *("SelectWithUnionQuery", "SelectIntersectExceptQuery", "SelectQuery", "ExpressionList", "Subquery"),
    *("WithElement", "TablesInSelectQuery", "TablesInSelectQueryElement", "TableExpression", "TableJoin", "ArrayJoin"),
    *("TableIdentifier", "Identifier", "QualifiedAsterisk", "Asterisk", "Literal", "Function", "QueryParameter"),
    *("OrderByElement", "InterpolateElement", "WindowDefinition", "WindowListElement", "SampleRatio"),
    *("ColumnsTransformerList", "ColumnsExceptTransformer", "ColumnsReplaceTransformer"),
    *("ColumnsReplaceTransformer::Replacement", "ColumnsRegexpMatcher", "ColumnsListMatcher"),
    *("QualifiedColumnsRegexpMatcher", "QualifiedColumnsListMatcher"),
}
"""Parts of a SELECT. Not among them: SETTINGS, and APPLY with the name of a function."""

_OUTSIDE: Final = {"table_function", "out_file", "settings", "compression", "compression_level"}
"""Fields of these that lead out of the database, or out of the limits."""


class Guard:
    """Judges the statements of one session.

    Args:
        database: the one that the session is in.
    """

    def __init__(self, rights: Rights, functions: Functions, ask: Ask, database: Callable[[], str]) -> None:
        self._rights = rights
        self._functions = functions
        self._ask = ask
        self._database = database

    def allowed(self, sql: str) -> tuple[str, str]:
        """The statement to run in place of `sql`, and the format that it names, with the word FORMAT, or "".

        Raises:
            EngineError: it may not be run, or it isn't one.
        """
        tree = self._tree(sql)
        if tree["type"] not in ("SelectWithUnionQuery", "SelectIntersectExceptQuery"):
            raise self._denied(f"{tree['type']}: only SELECT is allowed")
        named = tree.pop("format_ast", None)
        nodes = list(_nodes(tree))
        own = {node["name"] for node in nodes if node["type"] == "WithElement"}
        for node in nodes:
            self._judge(node)
            if node["type"] == "TableIdentifier" and not (self._readable(_parts(node)) or node["name"] in own):
                raise self._denied(f"SELECT of {node['name']}")
        names = {_parts(node) for node in nodes if node["type"] in ("TableIdentifier", "Identifier")}
        if len(names) > _MOST_NAMES:
            raise self._denied(f"a query of more than {_MOST_NAMES} names")
        for parts in sorted(names):
            self._judge_name(parts)
        written = self._text(f"SELECT formatQueryFromJSON({quote(orjson.dumps(tree).decode())})")
        if self._tree(written) != tree:
            raise self._denied("it can't be written down again as it was understood")
        return written, f" FORMAT {identifier(named['name'])}" if named else ""

    def _judge(self, node: dict[str, Any]) -> None:
        """Refuse what is refused by itself."""
        kind = node["type"]
        if kind not in _NODES:
            raise self._denied(f"{kind} in a query")
        if outside := _OUTSIDE & node.keys():
            raise self._denied(f"{sorted(outside)[0]} in a query")
        match kind:
            case "TableIdentifier" | "Identifier" if node.get("children"):
                raise self._denied("the name of a table or column as parameter")
            case "QueryParameter" if node["param_type"].lower() == "identifier":
                raise self._denied("the name of a table or column as parameter")
            case "Function" if not self._functions.harmless(node["name"]):
                raise self._denied(f"function {node['name']}")

    def _judge_name(self, parts: tuple[str, ...]) -> None:
        """Refuse the name of what may not be read, wherever it stands: behind IN and by an alias a name is one of a
        table as after FROM, and one of a function is that function as an argument. A name of nothing there is one of
        the query's own, or of a column."""
        if self._readable(parts):
            return
        if len(parts) == 1 and self._functions.harmful(parts[0]):
            raise self._denied(f"function {parts[0]}")
        if len(parts) <= 2 and self._is_table(parts):
            raise self._denied(f"SELECT of {'.'.join(parts)}")

    def _readable(self, parts: tuple[str, ...]) -> bool:
        *database, name = parts
        return database in ([], [self._database()]) and self._rights.may_read(name)

    def _is_table(self, parts: tuple[str, ...]) -> bool:
        """As the engine sees it, for which files are tables, too."""
        try:
            return self._text(f"EXISTS TABLE {'.'.join(map(identifier, parts))}") != "0"
        except EngineError:
            return True

    def _tree(self, sql: str) -> dict[str, Any]:
        try:
            tree: dict[str, Any] = orjson.loads(self._text(f"SELECT parseQueryToJSON({quote(sql)})"))
        except EngineError as error:
            if error.code != BAD_ARGUMENTS:
                raise
            raise self._denied("the engine has no tree of it") from None
        return tree

    def _text(self, sql: str) -> str:
        return self._ask(sql).decode(errors="replace").rstrip("\n")

    def _denied(self, what: str) -> EngineError:
        text = f"DB::Exception: {self._rights.user}: Not enough privileges, {what} (ACCESS_DENIED)"
        return EngineError(ACCESS_DENIED, text)


def _parts(node: dict[str, Any]) -> tuple[str, ...]:
    """Of a name in a tree: of two parts where the first is a database, or the name or alias of a table."""
    return tuple(node.get("name_parts") or (node["name"],))


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    """All nodes of a tree, whatever fields they hang by."""
    if isinstance(value, dict):
        if "type" in value:
            yield value
        for part in value.values():
            yield from _nodes(part)
    elif isinstance(value, list):
        for part in value:
            yield from _nodes(part)
