"""What a statement is, as far as a server must know before the engine parses it."""

import re
from dataclasses import dataclass

_SPACE = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|#!?[^\n]*(?:\n|$)|/\*.*?\*/)*", re.DOTALL)
_WORD = re.compile(r"\(*\s*(\w+)")
_QUOTED = r"`(?:[^`\\]|\\.)+`|\"(?:[^\"\\]|\\.)+\""
_NAME = rf"(?:\w+|{_QUOTED})"
_COLUMN = re.compile(rf"{_QUOTED}|[\w.]+")
_INSERT = re.compile(
    rf"""INSERT \s+ INTO \s+ (?:TABLE \s+)?
    (?P<table> {_NAME} (?:\s*\.\s*{_NAME})? )
    \s* (?P<columns> \( (?: [^()`"] | {_QUOTED} | \([^()]*\) )* \) )?
    \s* (?P<settings> SETTINGS \s .*? )??
    \s* (?: (?:FORMAT \s+)? VALUES | FORMAT \s+ (?P<format>\w+) )?
    \s* ;? \s* $""",  # noqa: S608 - it reads SQL, it writes none
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_FORMAT = re.compile(r"\s+FORMAT\s+\w+\s*;?\s*$", re.IGNORECASE)
_NOT_A_TABLE = {"select", "values", "format", "from", "with", "watch", "function"}


@dataclass(frozen=True, slots=True)
class StreamedInsert:
    """An INSERT whose rows come after it."""

    table: str
    columns: str = ""  # in brackets, or empty
    settings: str = ""  # with the word SETTINGS, or empty
    format: str = "Native"

    def from_file(self, quoted_path: str) -> str:
        """The statement that takes the rows from a file."""
        target = f"INSERT INTO {self.table} {self.columns} FROM INFILE {quoted_path}"
        return f"{target} {self.settings} FORMAT {self.format}"


def streamed_insert(sql: str) -> StreamedInsert | None:
    """Recognise an INSERT that brings neither rows nor a SELECT of its own."""
    found = _INSERT.match(bare(sql))
    if found is None or found["table"].lower() in _NOT_A_TABLE:
        return None
    columns, settings = found["columns"] or "", found["settings"] or ""
    return StreamedInsert(found["table"], columns, settings.strip(), found["format"] or "Values")


def column_names(columns: str) -> list[str]:
    """The names in a column list."""
    return [_unquoted(name) for name in _COLUMN.findall(columns)]


def _unquoted(name: str) -> str:
    return re.sub(r"\\(.)", r"\1", name[1:-1]) if name[0] in '`"' else name


def bare(sql: str) -> str:
    """Without comments and space in front."""
    matched = _SPACE.match(sql)
    return sql[matched.end() :] if matched else sql


def first_word(sql: str) -> str:
    found = _WORD.match(bare(sql))
    return found[1].upper() if found else ""


def is_select(sql: str) -> bool:
    """Whether the engine may stream the result. (`WITH ... INSERT` is one that turns out not to.)"""
    return first_word(sql) in {"SELECT", "WITH"}


def reads_only(sql: str) -> bool:
    """Whether the statement changes neither data nor schema."""
    word = first_word(sql)
    return word in {"SELECT", "WITH", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "EXISTS", "CHECK"}


def without_format(sql: str) -> str:
    """Over TCP blocks are sent whatever FORMAT a query names: formatting is the client's."""
    return _FORMAT.sub("", sql)
