"""Files of hyper-parameters: what each kind says, with its types, and where a bad one is bad."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from packagers_runs import DataError, FieldError, HyperParamOptions, new_task
from packagers_runs.strategies.cells import read_cell, write_cell
from packagers_runs.strategies.choosing import choose_strategy
from packagers_runs.strategies.paramfiles import ParamFile, read_param_file

SCALAR = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()


def written(folder: Path, name: str, content: str | bytes) -> str:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def is_same(one: Any, other: Any) -> bool:
    return one == other and [list(map(type, values)) for values in one.values()] == [list(map(type, values)) for values in other.values()]


def test_csv_is_rows_of_typed_cells(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "p.csv",
        "depth, rate,name,flag\r\n"
        "2,0.5,adam,true\r\n"
        '4,1e-3,"a, ""b""\nc",False\r\n'
        "\r\n"
        " 7 ,-.5, sgd ,\r\n"
        "007,+3,'12,TRUE\r\n",
    )  # fmt: skip
    found = read_param_file(path)
    assert found.strategy == "list"
    expected = {
        "depth": [2, 4, 7, "007"],
        "rate": [0.5, 0.001, -0.5, 3],
        "name": ["adam", 'a, "b"\nc', "sgd", "12"],
        "flag": [True, False, None, True],
    }
    assert is_same(found.space, expected)
    rows = choose_strategy(found.space, HyperParamOptions(strategy=found.strategy))
    assert rows.ask(3) == {"depth": 7, "rate": -0.5, "name": "sgd", "flag": None}


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("0", 0), ("-0", 0), ("12345678901234567890", 12345678901234567890), ("1.", 1.0), ("1e5", 1e5), ("-inf", float("-inf")),
        ("1_000", "1_000"), ("0x10", "0x10"), ("1,5", "1,5"), ("00.5", "00.5"), ("None", "None"), ("yes", "yes"), ("Infinity", "Infinity"),
        ("2026-01-01", "2026-01-01"), ("'", ""), ("'  x ", "  x "), ("  ", None), ("''", "'"), ("\u0661", "\u0661"),
        ("9" * 5000, "9" * 5000),
    ],
)  # fmt: skip
def test_cells(cell: str, value: Any) -> None:
    assert read_cell(cell) == value
    assert type(read_cell(cell)) is type(value)


@given(SCALAR)
def test_a_cell_gives_back_what_was_written(value: Any) -> None:
    found = read_cell(write_cell(value))
    assert found == value
    assert type(found) is type(value)


def test_json_and_yaml_are_grids(tmp_path: Path) -> None:
    space = {"depth": [2, 4, 8], "rate": [0.1, 1.0], "kind": ["a", None, True, {"x": [1]}]}
    as_yaml = yaml.safe_dump(space, sort_keys=False)
    for name, text in (("p.json", json.dumps(space)), ("p.yaml", as_yaml), ("P.YML", as_yaml)):
        found = read_param_file(written(tmp_path, name, text))
        assert found.strategy == "grid"
        assert is_same(found.space, space)
    dated = read_param_file(written(tmp_path, "d.yaml", "day: [2026-01-02]\nrate: [1e-3, 1.0e-3, 1e-3x]\n"))
    assert dated.space == {"day": [date(2026, 1, 2)], "rate": [0.001, 0.001, "1e-3x"]}


def test_rows_in_json_and_yaml_are_tried_row_by_row(tmp_path: Path) -> None:
    rows = [{"depth": 2, "rate": 0.5}, {"rate": 1.0, "depth": 4}]
    for name, text in (("p.json", json.dumps(rows)), ("p.yaml", yaml.safe_dump(rows))):
        assert read_param_file(written(tmp_path, name, text)).strategy == "list"
        assert read_param_file(written(tmp_path, name, text)).space == {"depth": [2, 4], "rate": [0.5, 1.0]}


def test_parquet_keeps_types(tmp_path: Path) -> None:
    columns = {
        "depth": pa.array([1, None, 3], pa.int64()),
        "rate": pa.array([0.5, float("inf"), None]),
        "layers": pa.array([[1, 2], [], None]),
        "price": pa.array([Decimal("0.10"), None, None]),
        "day": pa.array([date(2026, 1, 1), None, None]),
    }
    pq.write_table(pa.table(columns), tmp_path / "p.parquet")
    found = read_param_file(str(tmp_path / "p.parquet"))
    assert found.strategy == "list"
    assert is_same(found.space, {name: column.to_pylist() for name, column in columns.items()})
    assert found.space["depth"] == [1, None, 3]
    assert found.space["price"] == [Decimal("0.10"), None, None]


def test_urls_and_compressed_files(tmp_path: Path) -> None:
    with fsspec.open("memory://hyper/p.csv", "wb") as file:
        file.write(b"p\n1\n2\n")
    assert read_param_file("memory://hyper/p.csv").space == {"p": [1, 2]}
    written(tmp_path, "p.json.gz", gzip.compress(b'{"p": [1]}'))
    assert read_param_file((tmp_path / "p.json.gz").as_uri()).space == {"p": [1]}


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    assert read_param_file(written(tmp_path, "p.csv", b"\xef\xbb\xbfp\n1\n")).space == {"p": [1]}
    assert read_param_file(written(tmp_path, "p.json", b'\xef\xbb\xbf{"p": [1]}')).space == {"p": [1]}


@pytest.fixture
def any_digits() -> Iterator[None]:
    """Lift the limit of an int's digits, as sympy does when it is imported, for all that comes after it in the process."""
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    yield
    sys.set_int_max_str_digits(limit)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("p.csv", "", "it is empty"),
        ("p.csv", "p,q\n", "names of parameters and no values"),
        ("p.csv", "p,q\n1,2\n3\n", "line 3: it has 1 cells, and there are 2 names"),
        ("p.csv", "p,q\n1,2,3\n", "line 2: it has 3 cells"),
        ("p.csv", "p,q,p\n1,2,3\n", "line 1: columns 1 and 3 are both called 'p'"),
        ("p.csv", "p,,q\n1,2,3\n", "line 1: column 2 has no name"),
        ("p.csv", "p;q\n1;2\n", "line 1: the names are separated by semicolons"),
        ("p.csv", "p\tq\n1\t2\n", "line 1: the names are separated by tabs"),
        ("p.csv", 'p\n"1\n2\n', "line 3: unexpected end of data"),
        ("p.csv", 'p\n"1"x\n', "line 2: ',' expected after '\"'"),
        ("p.csv", b"p\n1\n\xe9\n", "it is not in UTF-8: line 3, column 1"),
        ("p.json", "{", "line 1, column 2"),
        ("p.json", '{"p": [1,\n2,]}', "line 2, column 3"),
        ("p.json", '{"p": [1], "p": [2]}', "the name 'p' is there twice"),
        ("p.json", '{"p": [NaN]}', "it is no JSON: NaN"),
        ("p.json", '{"p": [%s]}' % ("1" * 5000), "no JSON that can be read here"),
        ("p.json", "[" * 100_000, "no JSON that can be read here"),
        ("p.json", "[1, 2]", "it says no values by parameter"),
        ("p.json", "[]", "it says no values by parameter"),
        ("p.json", "{}", "it names no parameter"),
        ("p.json", "[{}]", "it names no parameter"),
        ("p.json", '"p"', "it says no values by parameter"),
        ("p.json", '[{"p": 1, "q": 2}, {"p": 1, "r": 2}]', "row 2 has other parameters than row 1: q, r"),
        ("p.yaml", "p: [1\nq: 2", "line 2, column"),
        ("p.yaml", "p: [1]\np: [2]", "line 2, column 1: the name 'p' is there twice"),
        ("p.yaml", "1: [2]", "line 1, column 1: the name 1 is no text"),
        ("p.yaml", "p: &a [1]\nq: *a", "line 2, column 4: an alias"),
        ("p.yaml", "p: !!python/object/apply:os.system ['true']", "line 1, column 4: could not determine a constructor"),
        ("p.yaml", "p: [%s]" % ("1" * 5000), "line 1, column 5: a number of too many digits"),
        ("p.yaml", "p: [2026-13-40]", "no YAML that can be read here"),
        ("p.yaml", "p: \x00", "special characters are not allowed"),
        ("p.yaml", "", "it says no values by parameter"),
        ("p.parquet", "PAR1", "it is no Parquet"),
        ("p.csv.gz", "p\n1\n2\n3\n4\n5\n", "it cannot be read: BadGzipFile"),
        ("p.txt", "p\n1\n", "does not tell what kind of file of parameters"),
        ("p", "p\n1\n", "does not tell what kind of file of parameters"),
    ],
)
def test_bad_files_say_where(tmp_path: Path, name: str, content: str | bytes, problem: str, any_digits: None) -> None:
    path = written(tmp_path, name, content)
    with pytest.raises(DataError) as caught:
        read_param_file(path)
    assert problem in str(caught.value)
    assert caught.value.file == path


def test_what_is_not_there_and_what_is_secret(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        read_param_file(str(tmp_path / "absent.csv"))
    with pytest.raises(DataError) as caught:
        read_param_file("nothing://ada:geheim@host/p.csv?signature=geheim")
    assert "geheim" not in str(caught.value)
    assert "nothing://ada:***@host/p.csv" in str(caught.value)


def test_bad_columns_of_parquet(tmp_path: Path) -> None:
    pq.write_table(pa.table([pa.array([1]), pa.array([2])], names=["p", "p"]), tmp_path / "twice.parquet")
    with pytest.raises(DataError, match="two columns are called 'p'"):
        read_param_file(str(tmp_path / "twice.parquet"))
    pq.write_table(pa.table({"p": pa.array([], pa.int64())}), tmp_path / "none.parquet")
    with pytest.raises(DataError, match="names of parameters and no values"):
        read_param_file(str(tmp_path / "none.parquet"))


def test_values_of_a_file_are_checked_like_others(tmp_path: Path) -> None:
    found = read_param_file(written(tmp_path, "p.yaml", "p: 3\n"))
    with pytest.raises(FieldError, match=r"hyperparams\['p'\] must be a list"):
        choose_strategy(found.space, HyperParamOptions(strategy=found.strategy))
    rows = read_param_file(written(tmp_path, "p.csv", "p,q\n1,2\n3,4\n"))
    grid = choose_strategy(rows.space, HyperParamOptions(strategy="grid"))
    assert [grid.ask(i) for i in (1, 2, 3)] == [{"p": 1, "q": 2}, {"p": 3, "q": 2}, {"p": 1, "q": 4}]


def test_values_and_a_file_are_refused_together() -> None:
    with pytest.raises(ValueError, match="hyperparams and param_file are both given"):
        new_task(hyper_params={"p": [1]}, param_file="p.csv").spec.validate()


def test_a_csv_file_needs_nothing_but_the_core(tmp_path: Path) -> None:
    path = written(tmp_path, "p.csv", "p\n1\n")
    code = f"""
import sys
sys.modules["pyarrow"] = sys.modules["pandas"] = None
from packagers_runs.strategies.paramfiles import read_param_file
print(read_param_file({path!r}).space)
try: read_param_file({path.replace(".csv", ".parquet")!r})
except Exception as error: print(error)
"""
    written(tmp_path, "p.parquet", "")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("{'p': [1]}\n")
    assert "pip install packagers-runs[data]" in done.stdout


@given(st.lists(st.tuples(SCALAR, SCALAR), min_size=1, max_size=5))
def test_a_csv_file_gives_back_what_was_written(rows: list[tuple[Any, Any]]) -> None:
    import csv
    import io

    text = io.StringIO()
    csv.writer(text).writerows([("p", "q"), *([write_cell(value) for value in row] for row in rows)])
    with fsspec.open("memory://hyper/written.csv", "wb") as file:
        file.write(text.getvalue().encode("utf-8", "surrogatepass"))
    found = read_param_file("memory://hyper/written.csv")
    assert found == ParamFile({"p": [row[0] for row in rows], "q": [row[1] for row in rows]}, "list")
