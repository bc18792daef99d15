"""What estimators request of metadata (``set_fit_request`` and its like), in a form without cycles, as skops needs it.

From scikit-learn 1.8 on a request knows the estimator that holds it. It is written with a mark in that place, and the estimator is put
there again when it is read.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sklearn.utils._metadata_requests import MetadataRequest, MethodMetadataRequest, _MetadataRequester

Walk = Callable[[Any], Iterable[Any]]
_MARK = "(the estimator that holds this)"


def without_owners(obj: Any, walk: Walk) -> Any:
    """Give an object as it can be written: itself, or a copy where requests had to be parted from the estimators that hold them.

    Args:
        obj: The object; it is not changed.
        walk: Gives everything that an object holds.
    """
    if not any(owner is holder for holder, _, owner in _owners(walk(obj))):
        return obj
    made = copy.deepcopy(obj)
    for holder, request, owner in list(_owners(walk(made))):
        if owner is holder:
            request.owner = _MARK
    return made


def give_owners(held: Iterable[Any]) -> None:
    """Put the estimators where the marks are.

    Args:
        held: Everything that an object holds, and itself.
    """
    for holder, request, owner in list(_owners(held)):
        if isinstance(owner, str) and owner == _MARK:
            request.owner = holder


def _owners(held: Iterable[Any]) -> Iterator[tuple[Any, Any, Any]]:
    """Give each object that holds a request, the request or one of its parts, and whom that takes for its owner."""
    for holder in held:
        whole = vars(holder).get("_metadata_request") if isinstance(holder, _MetadataRequester) else None
        if isinstance(whole, MetadataRequest):
            parts = (each for each in vars(whole).values() if isinstance(each, MethodMetadataRequest))
            yield from ((holder, request, vars(request).get("owner")) for request in (whole, *parts))
