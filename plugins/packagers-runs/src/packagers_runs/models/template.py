"""Tasks: what is to be run, before it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

from packagers_runs.models.fields import model, nested, refuse
from packagers_runs.models.hyperparams import HyperParamOptions, HyperParamStrategies, check_hyperparams
from packagers_runs.models.inputs import split_key
from packagers_runs.models.limits import Retry
from packagers_runs.models.metadata import RunMetadata
from packagers_runs.models.modelobj import ModelObj, fields_of
from packagers_runs.models.secretspecs import secret_source
from packagers_runs.models.spec import RunSpec
from packagers_runs.nearest import unknown_name


@model
class RunTemplate(ModelObj):
    """A task: what is to be run, any number of times.

    Args:
        spec: What it is to do, a :class:`RunSpec` or a dict of its fields.
        metadata: What names it, a :class:`RunMetadata` or a dict of its fields.
    """

    spec: RunSpec = nested(RunSpec)
    metadata: RunMetadata = nested(RunMetadata)

    def with_params(self, **kwargs: Any) -> Self:
        """Set the parameters, all of them.

        Args:
            **kwargs: Their values.
        """
        self.spec.parameters = kwargs
        return self

    def with_input(self, key: str, path: Any) -> Self:
        """Set an input.

        Args:
            key: Its name, ``"name"`` or ``"name : type"``.
            path: Its URL, or a list or dict of them, or a live object; ``None`` for ``input_path/name``.

        Raises:
            FieldError: The key cannot be read.
        """
        split_key(key)
        self.spec.inputs = {**self.spec.inputs, key: path}
        return self

    def with_hyper_params(
        self,
        hyperparams: Mapping[str, Any],
        selector: str | None = None,
        strategy: HyperParamStrategies | str | None = None,
        **options: Any,
    ) -> Self:
        """Set the values that parameters are to take, and how they are tried.

        Args:
            hyperparams: The values by parameter, each a list.
            selector: What the best iteration is chosen by, ``[min|max.]result``.
            strategy: How they are tried; ``grid`` if ``None``.
            **options: Other fields of :class:`HyperParamOptions`.

        Raises:
            UnknownNameError: There is no such option or strategy.
            FieldError: The values or options cannot be what they are.

        >>> RunTemplate().with_hyper_params({"p1": [2, 4, 1], "p2": [10, 20]}, selector="max.accuracy").spec.hyperparams
        {'p1': [2, 4, 1], 'p2': [10, 20]}
        """
        made = _options(options, selector, strategy)
        if made.param_file is not None:
            refuse("param_file", "HyperParamOptions", "left out where values are given", made.param_file, "Use with_param_file for a file.")
        if not isinstance(hyperparams, Mapping):
            refuse("hyperparams", "RunSpec", "a dict", hyperparams, "Give a list of values for each parameter.")
        if not hyperparams and made.strategy != HyperParamStrategies.custom:
            refuse(
                "hyperparams", "RunSpec", "a dict of at least one parameter", hyperparams, "A run without any needs no with_hyper_params."
            )
        check_hyperparams(hyperparams, made.strategy)
        self.spec.hyperparams = dict(hyperparams)
        self.spec.hyper_param_options = made
        return self

    def with_param_file(
        self,
        param_file: str,
        selector: str | None = None,
        strategy: HyperParamStrategies | str | None = None,
        **options: Any,
    ) -> Self:
        """Set a file of the values that parameters are to take, and how they are tried.

        Args:
            param_file: Its path or URL: csv, json, yaml or parquet.
            selector: What the best iteration is chosen by, ``[min|max.]result``.
            strategy: How they are tried; by the kind of file if ``None``.
            **options: Other fields of :class:`HyperParamOptions`.

        Raises:
            UnknownNameError: There is no such option or strategy.
            FieldError: An option cannot be what it is, or values were given, too.
        """
        made = _options(options, selector, strategy)
        made.param_file = param_file
        if self.spec.hyperparams:
            refuse("param_file", "RunSpec", "left out where hyperparams are given", param_file, "Leave one of them out.")
        self.spec.hyper_param_options = made
        return self

    def with_secrets(self, kind: str, source: Any) -> Self:
        """Add a source of secrets.

        Args:
            kind: ``inline``, ``file``, ``env``, ``keyring``, ``vault``, ``azure_vault``, ``kubernetes``, or that of a plugin.
            source: What the kind takes: a dict of values, a path, names; an empty list of names is all of them.

        Raises:
            UnknownNameError: There is no such kind.
            FieldError: The source is nothing that the kind takes.

        >>> RunTemplate().with_secrets("inline", {"token": "abc"}).to_dict()["spec"]
        {'secret_sources': [{'kind': 'inline', 'source': {'token': '***'}}]}
        """
        self.spec.secret_sources = [*self.spec.secret_sources, secret_source(kind, source)]
        return self

    def set_label(self, key: str, value: Any) -> Self:
        """Set a label.

        Args:
            key: Its name.
            value: Its value, which becomes text.
        """
        self.metadata.labels = {**self.metadata.labels, key: value}
        return self


def _options(options: dict[str, Any], selector: str | None, strategy: str | None) -> HyperParamOptions:
    for name in options:
        if name not in fields_of(HyperParamOptions):
            raise unknown_name("option", name, fields_of(HyperParamOptions), owner="a run with hyper-parameters")
    made = HyperParamOptions(**options, selector=selector, strategy=strategy)
    made.validate()
    return made


def new_task(
    name: str | None = None,
    project: str | None = None,
    handler: str | Callable[..., Any] | None = None,
    params: Mapping[str, Any] | None = None,
    hyper_params: Mapping[str, Any] | None = None,
    param_file: str | None = None,
    selector: str | None = None,
    hyper_param_options: HyperParamOptions | Mapping[str, Any] | None = None,
    inputs: Mapping[str, Any] | None = None,
    outputs: list[str] | Mapping[str, str | None] | None = None,
    in_path: str | None = None,
    out_path: str | None = None,
    artifact_path: str | None = None,
    secrets: list[Any] | None = None,
    base: RunTemplate | None = None,
    returns: list[Any] | None = None,
    retry: Retry | Mapping[str, Any] | None = None,
) -> RunTemplate:
    """Make a task. What is ``None`` stays as ``base`` has it; an empty dict or list clears.

    Args:
        name: Its name.
        project: Its project.
        handler: The function to run, or its name.
        params: Its parameters by name.
        hyper_params: The values that parameters are to take, a list for each.
        param_file: A file of such values.
        selector: What the best iteration is chosen by, such as ``"max.accuracy"``.
        hyper_param_options: The other options of hyper-parameters, :class:`HyperParamOptions` or a dict of its fields.
        inputs: Inputs by name, with a URL for each, or ``None`` for ``in_path/name``.
        outputs: The keys of what comes out, or a dict of a path for each, ``None`` for ``out_path/key``.
        in_path: What relative paths of inputs are joined to.
        out_path: Where artifacts are put besides the store, a folder or URL; may hold ``{{run.uid}}`` and ``{{project}}``.
        artifact_path: The same; wins over ``out_path``.
        secrets: Where secrets come from, such as ``["file=secrets.txt", "env=A,B"]``.
        base: A task to begin with; it stays as it is.
        returns: Log hints for what the handler returns.
        retry: How often the run is tried, such as ``{"count": 3}``.

    Raises:
        FieldError: An argument has a type that it cannot have; says which.
        UnknownNameError: Something is named that does not exist; says what was probably meant.

    >>> new_task("train", params={"depth": 3}, returns=["accuracy"]).to_dict()["spec"]
    {'parameters': {'depth': 3}, 'outputs': ['accuracy'], 'returns': ['accuracy']}
    """
    if base is not None and not isinstance(base, RunTemplate):
        refuse("base", "new_task", "a RunTemplate", base)
    task = RunTemplate(base.spec.copy(), base.metadata.copy()) if base is not None else RunTemplate()
    _set(task.metadata, name=name, project=project)
    _set(
        task.spec,
        handler=handler,
        parameters=params,
        hyperparams=hyper_params,
        hyper_param_options=hyper_param_options,
        inputs=inputs,
        outputs=outputs,
        input_path=in_path,
        output_path=out_path if artifact_path is None else artifact_path,
        secret_sources=secrets,
        returns=returns,
        retry=retry,
    )
    task.spec.hyper_param_options = task.spec.hyper_param_options.copy()  # what was passed in stays as it is
    _set(task.spec.hyper_param_options, param_file=param_file, selector=selector)
    if task.spec.hyperparams:
        check_hyperparams(task.spec.hyperparams, task.spec.tuning.strategy)
    return task


def _set(owner: ModelObj, **values: Any) -> None:
    for field, value in values.items():
        if value is not None:
            setattr(owner, field, value)
