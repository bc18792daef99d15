"""What a run is to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from packagers_runs.errors import FieldError
from packagers_runs.models.datastores import DataStore, check_data_stores
from packagers_runs.models.fields import anything, flag, mapping, model, models, nested, refuse, sequence, stored, text
from packagers_runs.models.hyperparams import HyperParamOptions, check_hyperparams, check_selector, check_strategy
from packagers_runs.models.inputs import check_hints, check_inputs, check_returns, check_twins, join_keys, split_keys
from packagers_runs.models.limits import Retry, check_thresholds
from packagers_runs.models.modelobj import ModelObj
from packagers_runs.models.notification import Notification
from packagers_runs.models.secretspecs import check_secret_sources, hide_secrets
from packagers_runs.running.handlers import reference_of


def _check_handler(value: Any, field: str, owner: str) -> Any:
    if value is None or callable(value) or (isinstance(value, str) and value):
        return value
    return refuse(field, owner, "a function or its name", value)


def _name_handler(handler: Any) -> Any:
    """Give the document's form of a handler: the name that leads to it, if there is one."""
    return handler if handler is None or isinstance(handler, str) else reference_of(handler) or handler


def _check_outputs(value: Any, field: str, owner: str) -> dict[str, str | None]:
    if value is None:
        return {}
    if isinstance(value, Mapping):
        pairs = dict(value)
    elif isinstance(value, list | tuple):
        pairs = dict.fromkeys(value)
    else:
        refuse(field, owner, "a list", value, f"Write [{value!r}]." if isinstance(value, str) else "A dict of paths by key will do, too.")
    for key, path in pairs.items():
        if not isinstance(key, str):
            refuse(field, owner, "a list of keys", key)
        if not (path is None or isinstance(path, str) or hasattr(path, "__fspath__")):
            refuse(f"{field}[{key!r}]", owner, "a path", path)
    return {key: str(path) if path else None for key, path in pairs.items()}


@model
class RunSpec(ModelObj):
    """What a run is to do.

    Args:
        parameters: The handler's parameters by name.
        hyperparams: The values that parameters are to take one after the other, by name.
        param_file: A file of such values, in place of ``hyperparams``.
        selector: What the best iteration is chosen by, ``[min|max.]result``.
        handler: The function to run, or its name: ``"pkg.mod:fn"``, ``"file.py:fn"``, ``"Class::method"`` …
        inputs: URLs by name, or lists and dicts of them, or live objects; a key ``"name : type"`` says what the handler gets.
        outputs: The keys of what comes out, as a list, or as a dict with a path for each; those of ``returns`` are added.
        input_path: What relative paths of inputs are joined to.
        output_path: Where artifacts are put besides the store, a folder or URL; may hold ``{{run.uid}}`` and ``{{project}}``.
        function: The function that the handler belongs to, by name.
        secret_sources: Where secrets come from, ``"file=…"``, ``"env=A,B"``, or dicts with ``kind`` and ``source``.
        data_stores: Places for data by name, see :class:`DataStore`.
        strategy: How hyper-parameters are tried, see :class:`HyperParamOptions`.
        verbose: Whether the log says more.
        scrape_metrics: Whether numeric results are written as an OpenMetrics text file, too.
        hyper_param_options: The other options of hyper-parameters.
        allow_empty_resources: Whether a missing input arrives as an empty data item instead of being an error.
        inputs_type_hints: What the handler gets for an input, by name; before what its key or annotation says.
        returns: Log hints for what the handler returns; ``None`` is that of a value that is not logged.
        notifications: Who is told.
        state_thresholds: How long the run may be in a state: ``{"executing": "1h"}``; ``-1`` is no limit.
        retry: How often it is tried: ``{"count": 3, "backoff": {"base_delay": "30s"}}``.
        output_paths: Where single outputs go, by key: where a dict of ``outputs`` keeps its paths.
    """

    parameters: dict[str, Any] = mapping()
    hyperparams: dict[str, Any] = mapping()
    param_file: str | None = text()
    selector: str | None = anything(check=check_selector)
    handler: str | Callable[..., Any] | None = anything(check=_check_handler, document=_name_handler)
    inputs: dict[str, Any] = mapping(check=check_inputs)
    _outputs: Any = stored(default=None, alias="outputs", check=_check_outputs)
    input_path: str | None = text()
    output_path: str | None = text()
    function: str | None = text()
    secret_sources: list[dict[str, Any]] = sequence(check=check_secret_sources, document=hide_secrets)
    data_stores: list[DataStore] = models(DataStore)
    strategy: str | None = anything(check=check_strategy)
    verbose: bool | None = flag()
    scrape_metrics: bool | None = flag()
    hyper_param_options: HyperParamOptions = nested(HyperParamOptions)
    allow_empty_resources: bool | None = flag()
    inputs_type_hints: dict[str, Any] = mapping(check=check_hints)
    returns: list[Any] = sequence(check=check_returns)
    notifications: list[Notification] = models(Notification)
    state_thresholds: dict[str, Any] = mapping(check=check_thresholds)
    retry: Retry = nested(Retry)
    _output_paths: Any = stored(default=None, alias="output_paths", check=_check_outputs)

    @property
    def outputs(self) -> list[str]:
        """The keys of what comes out: those that were set, then those of ``returns``."""
        return self.join_outputs_and_returns(self._outputs, self.returns)

    @outputs.setter
    def outputs(self, outputs: list[str] | Mapping[str, str | None] | None) -> None:
        self._outputs = outputs
        self._output_paths = None

    @property
    def output_paths(self) -> dict[str, str]:
        """Where single outputs go, by key, if not to ``output_path/key``."""
        return {key: path for key, path in {**self._outputs, **self._output_paths}.items() if path}

    @staticmethod
    def join_outputs_and_returns(outputs: list[str] | Mapping[str, Any] | None, returns: Sequence[Any] | None) -> list[str]:
        """Give the keys of what a run puts out, first seen first.

        Args:
            outputs: Keys, or a dict by key.
            returns: Log hints; ``None`` is that of a value that is not logged.

        >>> RunSpec.join_outputs_and_returns(["a"], ["b : model", None, "a"])
        ['a', 'b']
        """
        return join_keys(_check_outputs(outputs, "outputs", "RunSpec"), returns)

    def extract_type_hints_from_inputs(self) -> None:
        """Move the type of each input key ``"name : type"`` to ``inputs_type_hints``, where a hint for that name stays if there is one.

        Raises:
            FieldError: A key cannot be read, or two have the same name.
        """
        self.inputs, self.inputs_type_hints = split_keys(self.inputs, self.inputs_type_hints)

    @property
    def tuning(self) -> HyperParamOptions:
        """The options of hyper-parameters, with those that stand beside them."""
        options = self.hyper_param_options.copy()
        for name in ("param_file", "selector", "strategy"):
            beside = getattr(self, name)
            if beside is None:
                continue
            if getattr(options, name) not in (None, beside):
                raise FieldError(
                    f"{name} is {beside!r}, and {getattr(options, name)!r} in hyper_param_options",
                    model="RunSpec",
                    field=name,
                    remedy="Leave one of them out.",
                )
            setattr(options, name, beside)
        return options

    def is_hyper_job(self) -> bool:
        """Tell whether the run has iterations."""
        return bool(self.hyperparams or self.tuning.param_file)

    def validate(self) -> None:
        """Check what fields mean together, before anything runs.

        A notification with a broken condition is no error: it gets the status ``error`` and the reason.

        Raises:
            FieldError: Fields contradict each other, or one has no meaning beside the others.
            UnknownNameError: A parameter of a notification does not exist.
        """
        options = self.tuning
        options.validate()
        if self.hyperparams and options.param_file:
            raise FieldError(
                "hyperparams and param_file are both given", model="RunSpec", field="param_file", remedy="Leave one of them out."
            )
        check_hyperparams(self.hyperparams, options.strategy)
        if not self.is_hyper_job() and options.strategy != "custom" and (idle := options.to_dict()):
            raise FieldError(
                f"{next(iter(idle))} has no meaning without hyper-parameters",
                model="RunSpec",
                field=next(iter(idle)),
                remedy="Give some with with_hyper_params or with_param_file, or leave it out.",
            )
        Notification.validate_notification_uniqueness(self.notifications)
        for notification in self.notifications:
            notification.validate()
        check_data_stores(self.data_stores)
        split_keys(self.inputs, self.inputs_type_hints)
        check_twins(self.returns)
