"""Taking a SQL file apart into its statements."""

from __future__ import annotations

import re

# What a semicolon may stand in without ending a statement, or the semicolon itself.
_PARTS = re.compile(
    r"""
    (?P<quoted> '(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*" | `(?:[^`\\]|\\.)*` )
    | (?P<comment> --[^\n]* | /\*.*?\*/ )
    | (?P<end> ; )
    """,
    re.VERBOSE | re.DOTALL,
)


def statements(sql: str) -> list[str]:
    """The statements of ``sql`` in order, without comments outside of quotes and without their semicolons.

    >>> statements("SELECT ';' -- first; of two\\n; SELECT 2;")
    ["SELECT ';'", 'SELECT 2']
    """
    found = [""]
    position = 0
    for part in _PARTS.finditer(sql):
        found[-1] += sql[position : part.start()]
        position = part.end()
        if part["end"]:
            found.append("")
        elif part["quoted"]:
            found[-1] += part[0]
        else:
            found[-1] += " "
    found[-1] += sql[position:]
    return [statement.strip() for statement in found if statement.strip()]
