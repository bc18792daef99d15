"""What a packager class may look like: its artifact types are its methods, and the rules are checked when it is made."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Optional, TypeAlias

import pytest

from packagers import DefaultPackager, Packager, PackagerDefinitionError, PackError, UnknownOptionError, UnpackError

if TYPE_CHECKING:
    from nowhere import Nothing  # type: ignore[import-not-found]

Tables: TypeAlias = Literal["csv", "json"]


def types_of(cls: type[Packager]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return cls.artifact_types("pack"), cls.artifact_types("unpack")


class Base(Packager):
    """Packs a model and a plot, and reads what it and its forerunner wrote."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "model"

    def pack_model(self, obj: Any, folder: Path, *, format: Tables = "csv", depth: int = 1) -> dict[str, Any]:
        return {"depth": depth}

    def unpack_model(self, folder: Path, *, format: Tables = "csv", depth: int = 1) -> Any:
        return folder

    def pack_plot(self, obj: Any, folder: Path, *, level: int) -> None: ...

    def unpack_v1(self, folder: Path) -> Any:
        return folder


def test_each_direction_is_collected_by_itself() -> None:
    assert types_of(Base) == (("model", "plot"), ("model", "v1"))
    assert list(Base.packs) == ["model", "plot"]
    assert Base.packs["model"].direction == "pack"
    assert types_of(Packager) == ((), ())
    assert types_of(DefaultPackager) == (("object", "result"), ("object", "result"))


# Inherited, overridden, switched off


def test_methods_are_inherited() -> None:
    class Child(Base):
        def pack_file(self, obj: Any, folder: Path) -> None: ...

    assert types_of(Child) == (("file", "model", "plot"), ("model", "v1"))
    assert types_of(Base) == (("model", "plot"), ("model", "v1"))


def test_methods_of_a_mixin_count() -> None:
    class Mixin:
        def pack_file(self, obj: Any, folder: Path) -> None: ...

    class Child(Mixin, Packager):
        pass

    assert types_of(Child) == (("file",), ())


def test_an_overridden_method_has_its_own_options() -> None:
    class Child(Base):
        def pack_model(self, obj: Any, folder: Path, *, format: Literal["npy"] = "npy") -> dict[str, Any]:  # type: ignore[override]
            return {}

    assert Child.packs["model"].formats == ("npy",)
    assert Base.packs["model"].formats == ("csv", "json")
    assert list(Child.packs["model"].options) == ["format"]


def test_none_switches_a_method_off() -> None:
    class WriteOnly(Base):
        unpack_model = None
        unpack_v1 = None

    class Again(WriteOnly):
        def unpack_v1(self, folder: Path) -> Any:
            return folder

    assert types_of(WriteOnly) == (("model", "plot"), ())
    assert types_of(Again) == (("model", "plot"), ("v1",))


def test_what_switches_the_default_off_names_another() -> None:
    class ReadOnly(Base):
        pack_model = None
        pack_plot = None

    class OnlyOne(Base):
        pack_model = None

    assert ReadOnly.default_artifact_type("pack") is None
    assert ReadOnly.default_artifact_type("unpack") == "model"
    assert OnlyOne.default_artifact_type("pack") == "plot"
    with pytest.raises(PackagerDefinitionError, match="does not say which is the default"):

        class Undecided(DefaultPackager):
            pack_object = None

            def pack_file(self, obj: Any, folder: Path) -> None: ...


def test_defaults() -> None:
    class Two(Packager):
        DEFAULT_PACKING_ARTIFACT_TYPE = "file"
        DEFAULT_UNPACKING_ARTIFACT_TYPE = "v1"

        def pack_file(self, obj: Any, folder: Path) -> None: ...
        def pack_plot(self, obj: Any, folder: Path) -> None: ...
        def unpack_file(self, folder: Path) -> Any: ...
        def unpack_v1(self, folder: Path) -> Any: ...

    class One(Packager):
        def pack_plot(self, obj: Any, folder: Path) -> None: ...
        def unpack_v1(self, folder: Path) -> Any: ...

    assert (Two.default_artifact_type("pack"), Two.default_artifact_type("unpack")) == ("file", "v1")
    assert (One.default_artifact_type("pack"), One.default_artifact_type("unpack")) == ("plot", "v1")
    assert Base.default_artifact_type("unpack") == "model"


def test_containers_have_two_artifact_types_without_methods() -> None:
    class Box(Packager):
        def unbundle(self, obj: Any) -> list[Any]:
            return [obj]

    class TwoWays(Box):
        def bundle(self, items: Any, cls: type[Any]) -> Any:
            return items[0]

    assert types_of(Box) == (("file", "result"), ())
    assert types_of(TwoWays) == (("file", "result"), ("file", "result"))
    assert Box.default_artifact_type("pack") == "file"


# Kinds of methods


def test_static_and_class_methods_are_methods() -> None:
    class Kinds(Packager):
        DEFAULT_PACKING_ARTIFACT_TYPE = "file"

        @staticmethod
        def pack_file(obj: Any, folder: Path, *, format: Tables = "csv") -> None: ...

        @classmethod
        def unpack_file(cls, folder: Path, *, format: Tables = "csv") -> Any:
            return cls

        @classmethod
        def pack_result(cls, obj: Any) -> Any:
            return obj

        @staticmethod
        def unpack_result(value: Any) -> Any:
            return value

    assert types_of(Kinds) == (("file", "result"), ("file", "result"))
    for method in (Kinds.packs["file"], Kinds.unpacks["file"]):
        assert method.formats == ("csv", "json")


def test_decorated_and_partial_methods_are_methods() -> None:
    def logged(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs)

        return run

    class Decorated(Packager):
        @logged
        def pack_file(self, obj: Any, folder: Path, *, format: Tables = "csv") -> None: ...

        def _read(self, folder: Path, *, format: Tables = "csv", kind: str = "") -> Any: ...

        unpack_file = functools.partialmethod(_read, kind="file")

    assert Decorated.packs["file"].formats == Decorated.unpacks["file"].formats == ("csv", "json")


@pytest.mark.parametrize("value", [3, "text", property(lambda self: 1), int, [1], ...])
def test_an_attribute_with_such_a_name_is_an_error(value: Any) -> None:
    with pytest.raises(PackagerDefinitionError, match=r"attribute 'pack_size' looks like a method"):
        type("Sized", (Packager,), {"pack_size": value})


async def _asynchronous(self: Any, obj: Any, folder: Path) -> None: ...


def _generator(self: Any, obj: Any, folder: Path) -> Any:
    yield folder


@pytest.mark.parametrize("function", [_asynchronous, _generator])
def test_only_plain_methods_pack(function: Any) -> None:
    with pytest.raises(PackagerDefinitionError, match="pack_file is asynchronous or a generator"):
        type("Strange", (Packager,), {"pack_file": function})


def test_annotations_alone_are_nothing() -> None:
    class Annotated_(Packager):
        pack_size: int

    assert types_of(Annotated_) == ((), ())


# Signatures


def _define(**members: Any) -> type[Packager]:
    return type("Defined", (Packager,), members)


@pytest.mark.parametrize(
    ("name", "function", "complaint"),
    [
        ("pack_", lambda self, obj, folder: None, "'pack_' names no artifact type"),
        ("pack_x", lambda self, obj: None, r"pack_x must take \(obj, folder\)"),
        ("pack_x", lambda self: None, r"pack_x must take \(obj, folder\)"),
        ("pack_x", lambda self, obj, folder, format="csv": None, "after a \\*, its options"),
        ("pack_x", lambda self, *args: None, r"must take \(obj, folder\)"),
        ("pack_x", lambda self, obj, folder, *more: None, r"must take \(obj, folder\)"),
        ("pack_result", lambda self, obj, folder: None, r"pack_result must take \(obj\)"),
        ("unpack_x", lambda self, obj, folder: None, r"unpack_x must take \(folder\)"),
        ("unpack_result", lambda self: None, r"unpack_result must take \(value\)"),
        ("unpack_x", lambda self, folder, *, depth: None, "option 'depth' of unpack_x has no default"),
        *(("pack_x", function, "reserved name") for function in (
            lambda self, obj, folder, *, hint=1: None,
            lambda self, obj, folder, *, trust=1: None,
            lambda self, obj, folder, *, project=1: None,
            lambda self, obj, folder, *, verify=1: None,
        )),
    ],
)  # fmt: skip
def test_signatures_are_checked(name: str, function: Any, complaint: str) -> None:
    with pytest.raises(PackagerDefinitionError, match=complaint):
        _define(**{name: function})


def test_options_may_be_open() -> None:
    class Open(Packager):
        def pack_x(self, obj: Any, folder: Path, **options: Any) -> None: ...

    Open.packs["x"].check_options({"anything": 1})
    with pytest.raises(UnknownOptionError, match="trust"):
        Open.packs["x"].check_options({"trust": "all"})


# Class attributes


@pytest.mark.parametrize(
    ("members", "complaint"),
    [
        ({"PRIORITY": 0}, "PRIORITY is 0"),
        ({"PRIORITY": 11}, "PRIORITY is 11"),
        ({"PRIORITY": True}, "PRIORITY is True"),
        ({"PRIORITY": "1"}, "PRIORITY is '1'"),
        ({"DEFAULT_PACKING_ARTIFACT_TYPE": "plot"}, "there is no pack_plot"),
        ({"DEFAULT_UNPACKING_ARTIFACT_TYPE": "plot"}, "there is no unpack_plot"),
        ({"READERS": {"csv": "safe"}}, r"READERS\['csv'\] is 'safe'"),
        ({"READERS": {"csv"}}, "READERS is {'csv'}"),
        ({"DETERMINISTIC": "csv"}, "DETERMINISTIC is 'csv'"),
        ({"LOSSY": 1}, "LOSSY is 1"),
        ({"TRUSTS": {int}}, "TRUSTS is"),
        ({"PACK_SUBCLASSES": "no"}, "PACK_SUBCLASSES is 'no'"),
        ({"BUNDLE_FROM_LIST": 1}, "BUNDLE_FROM_LIST is 1"),
        ({"BUNDLE_FROM_DICT": True}, "it says that it bundles and has no bundle method"),
    ],
)
def test_attributes_are_checked(members: dict[str, Any], complaint: str) -> None:
    with pytest.raises(PackagerDefinitionError, match=complaint):
        _define(**members)


def test_several_artifact_types_need_a_default() -> None:
    with pytest.raises(PackagerDefinitionError, match=r"Set DEFAULT_PACKING_ARTIFACT_TYPE"):
        _define(pack_a=lambda self, obj, folder: None, pack_b=lambda self, obj, folder: None)


def test_an_error_names_file_class_and_remedy() -> None:
    with pytest.raises(PackagerDefinitionError) as caught:

        class Broken(Packager):
            pack_size = 3

    error = caught.value
    assert error.file == __file__
    assert f"{__name__}.test_an_error_names_file_class_and_remedy.<locals>.Broken" in str(error)
    assert error.remedy == "Make it a method, or a name without 'pack_' in front."
    assert isinstance(error, TypeError)


# Literals


def test_literals_are_found_in_every_form() -> None:
    class Forms(Packager):
        def pack_x(
            self,
            obj: Any,
            folder: Path,
            *,
            format: Tables = "csv",
            optional: Optional[Literal["a"]] = None,  # noqa: UP045 - the old form is the case
            union: Literal[1] | Literal["b"] | None = None,
            noted: Annotated[Literal["n"], "note"] = "n",
            text: "Literal['quoted']" = "quoted",  # noqa: UP037 - the quoted form is the case
            plain: str = "",
            mixed: Literal["a"] | int = "a",
            unannotated=None,  # type: ignore[no-untyped-def]
        ) -> None: ...

    assert Forms.packs["x"].choices == {
        "format": ("csv", "json"),
        "optional": ("a", None),
        "union": (1, "b", None),
        "noted": ("n",),
        "text": ("quoted",),
    }
    assert Forms.packs["x"].formats == ("csv", "json")
    assert Forms.packs["x"].default_format == "csv"


def test_a_name_that_only_type_checkers_know_matters_for_the_format_alone() -> None:
    class Typed(Packager):
        def pack_x(self, obj: Nothing, folder: Path, *, other: Nothing = None, level: Literal[1, 2] = 1) -> None: ...

        def unpack_x(self, folder: Path, *, format: Nothing = "csv") -> Any: ...

    assert Typed.packs["x"].choices == {"level": (1, 2)}
    with pytest.raises(PackagerDefinitionError, match="annotation 'Nothing' of format in unpack_x cannot be resolved"):
        _ = Typed.unpacks["x"].formats


# Options of a call


def test_unknown_options_are_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownOptionError) as caught:
        Base.packs["model"].check_options({"dpeth": 3})
    assert (caught.value.option, caught.value.known) == ("dpeth", ("format", "depth"))
    assert caught.value.remedy == "It takes: format, depth."
    with pytest.raises(UnknownOptionError, match="It takes no options"):
        Base.unpacks["v1"].check_options({"format": "csv"})


def test_an_option_without_default_is_needed_for_packing() -> None:
    Base.packs["plot"].check_options({"level": 1})
    with pytest.raises(UnknownOptionError, match="needs the option 'level'"):
        Base.packs["plot"].check_options({})


@pytest.mark.parametrize(("direction", "kind"), [("pack", PackError), ("unpack", UnpackError)])
def test_values_outside_of_a_literal_are_refused(direction: str, kind: type[Exception]) -> None:
    method = (Base.packs if direction == "pack" else Base.unpacks)["model"]
    method.check_options({"format": "json"})
    with pytest.raises(kind, match="cannot take format='xlsx'") as caught:
        method.check_options({"format": "xlsx"})
    assert caught.value.remedy == "It takes: 'csv', 'json'."  # type: ignore[attr-defined]


def test_true_is_not_one() -> None:
    class Levels(Packager):
        def pack_x(self, obj: Any, folder: Path, *, level: Literal[1] = 1) -> None: ...

    with pytest.raises(PackError, match="level=True"):
        Levels.packs["x"].check_options({"level": True})
