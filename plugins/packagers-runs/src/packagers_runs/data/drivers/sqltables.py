"""Tables of SQLite, PostgreSQL and whatever else SQLAlchemy speaks with; each write is one transaction."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from packagers_runs.data.columntypes import arrow_schema, arrow_type, as_tables
from packagers_runs.data.drivers.driver import DataDriver, Reading, Writing, Written
from packagers_runs.data.drivers.stores import explained
from packagers_runs.data.errors import DataError
from packagers_runs.nearest import unknown_name

if TYPE_CHECKING:
    import pandas as pd
    import sqlalchemy as sa

_ROWS = 10_000


class SqlDriver(DataDriver):
    """Reads a table or the rows of a query, and writes a table.

    The path is the URL of the database, ``storage_options`` are for the connection. In ``attributes``: ``table`` (and ``db_schema``, the
    schema that it is in) or, to read alone, ``query``.
    """

    ATTRIBUTES = frozenset({"table", "db_schema", "query"})

    def read(self, reading: Reading) -> Iterator[pd.DataFrame]:
        """Read rows, as many at a time as are asked for."""
        with explained(reading.path, "read"), _connected(reading, writes=False) as connection:
            streaming = connection.execution_options(stream_results=True)
            with contextlib.closing(streaming.execute(self._select(reading, connection))) as result:
                names = list(result.keys())
                empty = True
                for rows in result.partitions(reading.rows or _ROWS):
                    empty = False
                    yield _frame(rows, names, reading)
                if empty:
                    yield _frame([], names, reading)

    def write(self, writing: Writing, frames: Iterable[pd.DataFrame]) -> Written:
        """Write rows in one transaction."""
        with explained(writing.path, "written"), _connected(writing, writes=True) as connection:
            if "query" in writing.attributes:
                raise DataError("a query cannot be written to", remedy="Say which table: attributes={'table': …}.")
            table = None
            dialect = connection.dialect.name
            from packagers_runs.data.drivers.sqltypes import sql_rows

            for part in as_tables(iter(frames), arrow_schema(writing.schema) if writing.schema else None):
                if table is None:
                    table = _prepared(connection, writing, part.schema)
                rows = sql_rows(part, dialect)
                if rows:
                    connection.execute(table.insert(), rows)
            if table is None:
                raise DataError("there is no data, not even columns", remedy="Give at least one frame; it may have no rows.")
        return Written()

    def _select(self, reading: Reading, connection: sa.Connection) -> Any:
        import sqlalchemy as sa

        from packagers_runs.data.drivers.sqltypes import condition

        query = reading.attributes.get("query")
        if query is not None and "table" in reading.attributes:
            raise DataError("both a table and a query are given", remedy="Give one of them.")
        origin: Any
        if query is None:
            origin = _reflected(connection, _name(reading), reading)
            for name in reading.columns or ():
                if name not in origin.c:
                    raise unknown_name("column", name, list(origin.c.keys()), owner="the table")
            columns = [origin.c[name] for name in reading.columns or origin.c.keys()]
            time = origin.c.get(reading.time_field)
        else:
            origin = sa.text(f"({str(query).strip().rstrip(';')}) AS rows_of_query")
            columns = [sa.literal_column("*")]
            time = sa.column(reading.time_field or "")
        chosen = sa.select(*columns).select_from(origin)
        if reading.window and time is not None:
            _check_times(connection, origin, time)
            chosen = chosen.where(condition(time, reading.window, connection.dialect.name))
        return chosen


def _check_times(connection: sa.Connection, origin: Any, column: Any) -> None:
    """Check that a column of SQLite, where any column can hold anything, holds no numbers: they would silently be in no window."""
    import sqlalchemy as sa

    if connection.dialect.name == "sqlite":
        # Numbers come before all text, so the least value tells; with an index it is the first.
        least = sa.func.min(sa.type_coerce(column, sa.String))
        if connection.execute(sa.select(sa.func.typeof(least)).select_from(origin)).scalar() in ("integer", "real"):
            raise DataError(f"column {column.name!r} holds numbers, not times", remedy="Store text in ISO 8601, or convert it in a query.")


@contextlib.contextmanager
def _connected(asked: Reading | Writing, *, writes: bool) -> Iterator[sa.Connection]:
    """Connect, inside of one transaction."""
    import sqlalchemy as sa

    if not isinstance(asked.path, str):
        raise DataError("the path must be the URL of a database", remedy="Write sqlite:///file.db or postgresql+psycopg://user@host/name.")
    url = sa.make_url(asked.path)
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    if writes is False and url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
        from pathlib import Path

        if not str(url.database).startswith("file:") and not Path(str(url.database)).exists():
            raise DataError("there is no such database", remedy="Look at the path: sqlite:///relative.db, sqlite:////absolute.db.")
    options = dict(asked.storage_options)
    if url.get_backend_name() == "postgresql":
        options["options"] = f"{options.get('options', '')} -c timezone=UTC".strip()
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool, hide_parameters=True, connect_args=options)
    if engine.dialect.name == "sqlite":
        _begin_at_once(engine, "BEGIN IMMEDIATE" if writes else "BEGIN")
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _begin_at_once(engine: sa.Engine, statement: str) -> None:
    """Make the creation of tables part of the transaction; Python's own driver leaves it outside."""
    import sqlalchemy as sa

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(statement)


def _name(asked: Reading | Writing) -> str:
    name = asked.attributes.get("table")
    if not isinstance(name, str) or not name:
        raise DataError("it is not said which table", remedy="Set attributes={'table': <name>}, or for a source 'query'.")
    return name


def _reflected(connection: sa.Connection, name: str, asked: Reading | Writing) -> sa.Table:
    import sqlalchemy as sa

    schema = asked.attributes.get("db_schema")
    try:
        return sa.Table(name, sa.MetaData(), schema=schema, autoload_with=connection)
    except sa.exc.NoSuchTableError:
        known = sorted(sa.inspect(connection).get_table_names(schema=schema))
        raise DataError(f"there is no table {name!r}", remedy=f"There are: {', '.join(known[:20]) or 'none'}.") from None


def _prepared(connection: sa.Connection, writing: Writing, schema: Any) -> sa.Table:
    """Give the table to insert into, emptied or made anew where it is not appended to."""
    import sqlalchemy as sa

    from packagers_runs.data.drivers.sqltypes import sql_type

    name, place, dialect = _name(writing), writing.attributes.get("db_schema"), connection.dialect.name
    columns = [sa.Column(field.name, sql_type(field.name, field.type, dialect)) for field in schema]
    table = sa.Table(name, sa.MetaData(), *columns, schema=place)
    if not sa.inspect(connection).has_table(name, schema=place):
        table.create(connection)
        return table
    old = _reflected(connection, name, writing)
    fits = set(old.c.keys()) == set(schema.names)
    if writing.append:
        if not fits:
            raise DataError(
                f"the table {name!r} has the columns {', '.join(old.c.keys())}, and the data {', '.join(schema.names)}",
                remedy="Give the data the same columns, or replace the table.",
            )
    elif fits:
        connection.execute(sa.delete(table))  # its keys, indexes and grants stay
    else:
        old.drop(connection)
        table.create(connection)
    return table


def _frame(rows: Sequence[Any], names: list[str], reading: Reading) -> pd.DataFrame:
    import pandas as pd

    if len(set(names)) < len(names):
        raise DataError("two columns of the query have one name", remedy="Name them with AS.")
    columns = list(zip(*rows, strict=True)) if rows else [() for _ in names]
    return pd.DataFrame({name: _column(list(values), name, reading) for name, values in zip(names, columns, strict=True)})


def _column(values: list[Any], name: str, reading: Reading) -> Any:
    import pandas as pd
    import pyarrow as pa

    kind = arrow_type(reading.schema[name], name) if name in reading.schema else None
    try:
        return pa.array(values, kind).to_pandas()
    except (pa.ArrowException, TypeError, ValueError) as error:
        if kind is not None:
            raise DataError(f"column {name!r} is not {kind}: {error}") from error
        return pd.Series(values, dtype=object)
