"""Files of hyper-parameters: what a csv, json, yaml or parquet file says, wherever fsspec can read one.

Columns (csv, parquet, rows of json or yaml) are tried row by row where nothing is said; a dict of lists is a grid.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, NoReturn

from packagers_runs.data.drivers.stores import explained, shown
from packagers_runs.data.errors import DataError
from packagers_runs.strategies.cells import read_cell

_EXPONENT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)[eE][-+]?[0-9]+\Z")
"""Numbers such as 1e-3, which YAML 1.1 takes for text."""
_COMPRESSED = ("gz", "bz2", "xz", "zip")


class ParamFile(NamedTuple):
    """What a parameter file says.

    Attributes:
        space: The values by parameter.
        strategy: How they are tried where nothing is said: ``list`` or ``grid``.
    """

    space: dict[str, Any]
    strategy: str


def read_param_file(path: str) -> ParamFile:
    """Read a file of hyper-parameters.

    Args:
        path: Its path or URL, which ends in ``.csv``, ``.json``, ``.yaml``, ``.yml``, ``.parquet``, ``.parq`` or ``.pq``, and may
            end in ``.gz``, ``.bz2``, ``.xz`` or ``.zip`` after that.

    Raises:
        DataError: It cannot be read, or says no values of parameters; says where.
    """
    import fsspec

    read = _reader_of(path)
    with explained(path, "read"):
        with fsspec.open(path, "rb", compression="infer") as file:
            data: bytes = file.read()
        found = read(data)
        if not found.space:
            raise DataError("it names no parameter", remedy="Give a name and values for at least one.")
    return found


def _reader_of(path: str) -> Callable[[bytes], ParamFile]:
    parts = path.partition("?")[0].rpartition("/")[2].lower().split(".")[1:]
    if parts and parts[-1] in _COMPRESSED:
        parts.pop()
    if parts and parts[-1] in _READERS:
        return _READERS[parts[-1]]
    raise DataError(
        "its name does not tell what kind of file of parameters it is", file=shown(path), remedy=f"End it in one of: {', '.join(_READERS)}."
    )


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        place = f"line {before.count(chr(10)) + 1}, column {len(before.rpartition(chr(10))[2]) + 1}"
        raise DataError(f"it is not in UTF-8: {place}", remedy="Save it as UTF-8.") from error


def _read_csv(data: bytes) -> ParamFile:
    reader = csv.reader(io.StringIO(_text(data), newline=""), strict=True, skipinitialspace=True)
    names: list[str] = []
    columns: list[list[Any]] = []
    try:
        for cells in reader:
            if not cells:
                continue
            if not names:
                names = [str(read_cell(f"'{cell.strip().removeprefix(chr(39))}")) for cell in cells]
                _check_header(names, reader.line_num)
                columns = [[] for _ in names]
            elif len(cells) != len(names):
                _refuse_line(reader.line_num, f"it has {len(cells)} cells, and there are {len(names)} names in the first line")
            else:
                for column, cell in zip(columns, cells, strict=True):
                    column.append(read_cell(cell))
    except csv.Error as error:
        _refuse_line(reader.line_num, str(error))
    if not names:
        raise DataError("it is empty", remedy="Write the names of the parameters in the first line, and values below.")
    if not columns[0]:
        raise DataError("it has names of parameters and no values", remedy="Write a line of values for each iteration below.")
    return ParamFile(dict(zip(names, columns, strict=True)), "list")


def _check_header(names: list[str], line: int) -> None:
    if len(names) == 1:
        for separator, word in ((";", "semicolons"), ("\t", "tabs")):
            if separator in names[0]:
                _refuse_line(line, f"the names are separated by {word}", "Separate them by commas.")
    for place, name in enumerate(names, 1):
        if not name:
            _refuse_line(line, f"column {place} has no name", "Write the name of a parameter above each column.")
        if name in names[: place - 1]:
            _refuse_line(line, f"columns {names.index(name) + 1} and {place} are both called {name!r}", "Rename or remove one of them.")


def _refuse_line(line: int, problem: str, remedy: str = "") -> NoReturn:
    raise DataError(f"line {line}: {problem}", remedy=remedy or None)


def _read_json(data: bytes) -> ParamFile:
    try:
        found = json.loads(_text(data), object_pairs_hook=_pairs, parse_constant=_constant, parse_int=_integer)
    except json.JSONDecodeError as error:
        raise DataError(f"it is no JSON: line {error.lineno}, column {error.colno}: {error.msg}") from error
    except (RecursionError, ValueError) as error:  # a number of too many digits
        raise DataError(f"it is no JSON that can be read here: {error}") from error
    return _space(found)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        twice = next(name for place, (name, _) in enumerate(pairs) if name in dict(pairs[:place]))
        raise DataError(f"the name {twice!r} is there twice", remedy="Rename or remove one of them.")
    return made


def _integer(text: str) -> int:
    """Read an int of as many digits as Python reads by itself; a library may have lifted the limit here, and not where this runs next."""
    if len(text) > sys.int_info.default_max_str_digits:
        raise ValueError(f"a number has more than {sys.int_info.default_max_str_digits} digits")
    return int(text)


def _constant(text: str) -> NoReturn:
    raise DataError(f"it is no JSON: {text}", remedy="JSON has no such number; YAML writes it .nan or .inf.")


def _read_yaml(data: bytes) -> ParamFile:
    import yaml

    class Loader(yaml.SafeLoader):  # type: ignore[misc]  # yaml ships no types
        """Refuses what YAML lets pass and a person hardly means."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                _refuse_mark(self.peek_event().start_mark, "an alias", "Write the values out.")
            return super().compose_node(parent, index)

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            names: set[Any] = set()
            for key, _ in node.value:
                name = self.construct_object(key, deep=True)
                if not isinstance(name, str):
                    _refuse_mark(key.start_mark, f"the name {name!r:.80} is no text", "Put it in quotes.")
                if name in names:
                    _refuse_mark(key.start_mark, f"the name {name!r} is there twice", "Rename or remove one of them.")
                names.add(name)
            return super().construct_mapping(node, deep)

        def construct_yaml_int(self, node: Any) -> Any:
            if len(node.value) > sys.int_info.default_max_str_digits:
                _refuse_mark(node.start_mark, "a number of too many digits", f"Write {sys.int_info.default_max_str_digits} at most.")
            return super().construct_yaml_int(node)

    Loader.add_constructor("tag:yaml.org,2002:int", Loader.construct_yaml_int)
    Loader.add_implicit_resolver("tag:yaml.org,2002:float", _EXPONENT, list("-+.0123456789"))
    loader = None
    try:
        loader = Loader(_text(data))
        return _space(loader.get_single_data())
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
        if mark is not None:
            _refuse_mark(mark, problem)
        raise DataError(f"it is no YAML: {problem}") from error
    except (RecursionError, ValueError) as error:  # such as the day 2026-13-40
        raise DataError(f"it is no YAML that can be read here: {error}") from error
    finally:
        if loader is not None:
            loader.dispose()


def _refuse_mark(mark: Any, problem: str, remedy: str = "") -> NoReturn:
    raise DataError(f"it is no YAML of parameters: line {mark.line + 1}, column {mark.column + 1}: {problem}", remedy=remedy or None)


def _space(found: Any) -> ParamFile:
    if isinstance(found, Mapping):
        return ParamFile(dict(found), "grid")
    if isinstance(found, list) and found and all(isinstance(row, Mapping) for row in found):
        return ParamFile(_columns(found), "list")
    raise DataError(
        "it says no values by parameter",
        remedy='Write a dict of lists such as {"depth": [2, 4]}, or a list of dicts with the values of one iteration each.',
    )


def _columns(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    first, *others = rows
    for number, row in enumerate(others, 2):
        if row.keys() != first.keys():
            odd = sorted(row.keys() ^ first.keys())
            raise DataError(f"row {number} has other parameters than row 1: {', '.join(odd)}", remedy="Give each row the same parameters.")
    return {name: [first[name], *(row[name] for row in others)] for name in first}


def _read_parquet(data: bytes) -> ParamFile:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(data))
    except pa.ArrowInvalid as error:
        raise DataError(f"it is no Parquet: {error}") from error
    names = file.schema_arrow.names
    for name in names:
        if names.count(name) > 1:
            raise DataError(f"two columns are called {name!r}", remedy="Rename or remove one of them.")
    table = file.read()
    if not table.num_rows:
        raise DataError("it has names of parameters and no values", remedy="Write a row of values for each iteration.")
    return ParamFile({name: table.column(name).to_pylist() for name in names}, "list")


_READERS: dict[str, Callable[[bytes], ParamFile]] = {
    "csv": _read_csv,
    "json": _read_json,
    "yaml": _read_yaml,
    "yml": _read_yaml,
    "parquet": _read_parquet,
    "parq": _read_parquet,
    "pq": _read_parquet,
}
