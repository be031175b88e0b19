"""A person's rows in the tables: counted by a look, and removed.

A row is removed by a mutation (``ALTER TABLE ... DELETE``), which writes the parts that hold it anew, former versions
included; so it is on no disk once ClickHouse has dropped the old parts, which it does after some minutes. Mutations
name rows by way of the table ``erasing``, since ClickHouse keeps their text.
"""

from __future__ import annotations

from collections.abc import Sequence

from schemas.erasures import BY_ALERT, BY_KIND, BY_USER, REBUILT
from schemas.identifiers import IDENTIFIERS
from schemas.layout import KINDS
from streams.clickhouse.reader import Reader
from streams.privacy.people import Person, ids_of

_THERE = "SELECT name FROM system.tables WHERE database = currentDatabase() AND name IN %(tables)s"

_BY_USER = """
SELECT people.place AS place, count() AS rows FROM {table} AS counted {final}
INNER JOIN (SELECT place, id FROM people WHERE kind = 'user') AS people ON counted.user_id = people.id
GROUP BY place
"""

_BY_KIND = """
SELECT people.place AS place, count() AS rows FROM {table} AS counted {final}
INNER JOIN (SELECT place, transform(kind, {kinds}, {codes}, 255) AS code, id FROM people) AS people
ON counted.kind = people.code AND counted.id = people.id
GROUP BY place
"""

_BY_ALERT = """
SELECT people.place AS place, count() AS rows FROM {table} AS counted {final}
INNER JOIN (
    SELECT DISTINCT people.place AS place, alerts.alert_id AS alert_id FROM alerts
    INNER JOIN (SELECT place, id FROM people WHERE kind = 'user') AS people ON alerts.user_id = people.id
) AS people ON counted.alert_id = people.alert_id
GROUP BY place
"""

_IDS = "SELECT id FROM erasing WHERE erasure IN %(erasures)s AND kind = "


def tables_of_people(reader: Reader) -> list[str]:
    """Those whose rows can be told by a statement, in the order in which they go; what a rebuild left among them."""
    rebuilt = sorted(name for (name,) in reader.query(_THERE, {"tables": REBUILT}))
    return [*rebuilt, *BY_KIND, *BY_ALERT, *BY_USER]


def count(reader: Reader, table: str, people: Sequence[Person], *, versions: bool = False) -> list[int]:
    """Rows of each of the people; with ``versions`` those that are to be replaced, too."""
    final = "" if versions else "FINAL"
    kinds = list(IDENTIFIERS.values())
    sql = (_BY_USER if table in BY_USER else _BY_ALERT if table in BY_ALERT else _BY_KIND).format(
        table=table, final=final, kinds=kinds, codes=[KINDS.index(kind) for kind in kinds]
    )
    found = reader.columns(sql, tables=ids_of(people))
    rows = dict(zip(found["place"].tolist(), found["rows"].tolist(), strict=True)) if found else {}
    return [int(rows.get(place, 0)) for place in range(len(people))]


def remove(reader: Reader, table: str, people: Sequence[Person]) -> None:
    """Their rows in all versions. Returns once they are gone."""
    of_users = f"user_id IN ({_IDS} 'user')"
    if table in BY_USER:
        condition = of_users
    elif table in BY_ALERT:
        condition = f"alert_id IN (SELECT alert_id FROM alerts WHERE {of_users})"  # noqa: S608 - own names
    else:
        by_kind = (f"(kind = {KINDS.index(kind)} AND id IN ({_IDS} '{kind}'))" for kind in IDENTIFIERS.values())
        condition = " OR ".join(by_kind)
    reader.query(
        f"ALTER TABLE {table} DELETE WHERE {condition} SETTINGS mutations_sync = 2",
        {"erasures": [person.erasure for person in people]},
    )
