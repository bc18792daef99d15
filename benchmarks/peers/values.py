"""The values that every system saves and loads: made from one seed, the same in every environment.

Libraries are imported where a value needs them, for not every environment has all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

SEED = 7


class Value(NamedTuple):
    """What is saved.

    Attributes:
        make: Makes it.
        fresh: Gives it with a number in it, changed in place or not: a store that keeps equal data once must keep each of them.
        differs: Says how another value, of the same type, differs from it; an empty text if it does not.
        times: How often it is saved, and loaded, in one process.
    """

    make: Callable[[], Any]
    fresh: Callable[[Any, int], Any]
    differs: Callable[[Any, Any], str]
    times: int


def small_dict() -> dict[str, Any]:
    """Make what a function gives as its parameters or metrics."""
    return {"accuracy": 0.9375, "depth": 4, "classes": ["setosa", "versicolor"], "scaled": True, "note": None}


def array(count: int) -> Any:
    """Make an array of so many float64."""
    import numpy as np

    return np.random.default_rng(SEED).random(count)


def frame(rows: int) -> Any:
    """Make ten columns: three of floats, two of integers, truth values, times, categories, and two of text."""
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(SEED)
    columns: dict[str, Any] = {f"float {number}": random.random(rows) for number in range(3)}
    columns |= {f"integer {number}": random.integers(0, 1_000_000, rows) for number in range(2)}
    columns["truth"] = random.random(rows) < 0.5
    columns["time"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(rows), unit="s")
    columns["category"] = pd.Categorical.from_codes(random.integers(0, 4, rows), ["north", "east", "south", "west"])
    columns["few"] = np.array([f"name {number}" for number in range(100)], dtype=object)[random.integers(0, 100, rows)]
    columns["many"] = np.array([f"row {number}" for number in range(rows)], dtype=object)
    return pd.DataFrame(columns)


def small_frames() -> dict[str, Any]:
    """Make 200 frames of ten rows."""
    import numpy as np
    import pandas as pd

    texts = list("abcdefghij")
    return {f"frame_{n}": pd.DataFrame({"number": np.arange(10) + n, "part": np.linspace(0, n, 10), "text": texts}) for n in range(200)}


def forest() -> Any:
    """Fit a hundred trees."""
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(100, random_state=SEED).fit(_points(), _points()[:, 0] > 0.5)


def _points() -> Any:
    return array(20_000).reshape(2_000, 10)


def state_dict() -> dict[str, Any]:
    """Make 200 MB of weights in fifty tensors."""
    import torch

    generator = torch.Generator().manual_seed(SEED)
    return {f"layer.{number}.weight": torch.rand(1000, 1000, generator=generator) for number in range(50)}


def figure() -> Any:
    """Draw ten lines."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib.figure import Figure

    found = Figure()
    axes = found.subplots()
    axes.plot(array(1000).reshape(100, 10))
    axes.set_title("ten lines")
    return found


def plain_differs(one: Any, other: Any) -> str:
    """Compare what ``==`` compares, and the types inside."""
    return "" if one == other and repr(one) == repr(other) else f"{other!r:.40}"


def array_differs(one: Any, other: Any) -> str:
    """Compare dtypes and numbers."""
    import numpy as np

    if one.dtype != other.dtype:
        return f"dtype {other.dtype}"
    return "" if np.array_equal(one, other) else "other numbers"


def frame_differs(one: Any, other: Any) -> str:
    """Compare everything that pandas compares, dtypes and the index too."""
    import pandas as pd

    odd = [f"{name}: {one[name].dtype} is {other[name].dtype}" for name in one if name in other and one[name].dtype != other[name].dtype]
    if odd:
        return "; ".join(odd)
    try:
        pd.testing.assert_frame_equal(one, other, check_exact=True, check_column_type="exact", check_index_type="exact")
    except AssertionError as error:
        return " ".join(str(error).split())[:80]
    return ""


def frames_differ(one: dict[str, Any], other: dict[str, Any]) -> str:
    """Compare the names, in order, and each frame."""
    if list(one) != list(other):
        return "other names" if set(one) != set(other) else "another order"
    types = {type(each).__name__ for each in other.values()} - {"DataFrame"}
    return f"of {', '.join(types)}" if types else next((told for name in one if (told := frame_differs(one[name], other[name]))), "")


def forest_differs(one: Any, other: Any) -> str:
    """Compare parameters and predictions."""
    if one.get_params() != other.get_params():
        return "other parameters"
    return array_differs(one.predict_proba(_points()), other.predict_proba(_points()))


def weights_differ(one: dict[str, Any], other: dict[str, Any]) -> str:
    """Compare the names, in order, the types, and the bits."""
    import torch

    if list(one) != list(other):
        return "other names" if set(one) != set(other) else "another order"
    same = all(type(other[name]) is torch.Tensor and torch.equal(one[name], other[name]) for name in one)
    return "" if same else "other weights"


def figure_differs(one: Any, other: Any) -> str:
    """Compare titles and lines."""
    first, second = one.axes[0], other.axes[0]
    same = first.get_title() == second.get_title() and len(first.lines) == len(second.lines)
    return "" if same else "another picture"


def fresh_array(array: Any, number: int) -> Any:
    """Give an array with a number in it."""
    array[0] = number
    return array


def fresh_frame(frame: Any, number: int) -> Any:
    """Give a frame with a number in it."""
    return frame.assign(**{"float 0": float(number)})


def fresh_frames(frames: dict[str, Any], number: int) -> dict[str, Any]:
    """Give frames of which the first has a number in it."""
    return {**frames, "frame_0": frames["frame_0"].assign(part=float(number))}


def fresh_forest(forest: Any, number: int) -> Any:
    """Give a forest with a number in it."""
    return forest.set_params(random_state=number)


def fresh_weights(weights: dict[str, Any], number: int) -> dict[str, Any]:
    """Give weights with a number in them."""
    weights["layer.0.weight"][0, 0] = number
    return weights


def fresh_figure(figure: Any, number: int) -> Any:
    """Give a figure with a number in its title."""
    figure.axes[0].set_title(f"ten lines, {number}")
    return figure


VALUES = {
    "int": Value(lambda: 7, lambda value, number: number, plain_differs, 10),
    "small dict": Value(small_dict, lambda value, number: {**value, "depth": number}, plain_differs, 10),
    "text of 1 KB": Value(lambda: "naïve text " * 90, lambda value, number: f"{value}{number}", plain_differs, 10),
    "ndarray 8 MB": Value(lambda: array(1_000_000), fresh_array, array_differs, 5),
    "ndarray 512 MB": Value(lambda: array(64_000_000), fresh_array, array_differs, 1),
    "DataFrame 1,000,000 x 10": Value(lambda: frame(1_000_000), fresh_frame, frame_differs, 3),
    "200 small frames": Value(small_frames, fresh_frames, frames_differ, 3),
    "random forest, 100 trees": Value(forest, fresh_forest, forest_differs, 3),
    "state dict 200 MB": Value(state_dict, fresh_weights, weights_differ, 3),
    "Figure": Value(figure, fresh_figure, figure_differs, 3),
}
