"""What estimators request of metadata (``set_fit_request`` and its like), in a form without cycles, as skops needs it.

A request knows the estimator that it belongs to, which holds the request. It is written without its owner, which is found again when it is
read.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sklearn.utils._metadata_requests import MetadataRequest, MethodMetadataRequest

Walk = Callable[[Any], Iterable[Any]]


def without_owners(obj: Any, walk: Walk) -> Any:
    """Give an object as it can be written: itself, or a copy where requests had to be parted from their owners.

    Args:
        obj: The object; it is not changed.
        walk: Gives everything that an object holds.
    """
    if not any(_is_owned(found) for found in walk(obj)):
        return obj
    made = copy.deepcopy(obj)
    for request in list(walk(made)):
        if _is_owned(request):
            request.owner = None
    return made


def give_owners(obj: Any, walk: Walk) -> None:
    """Give requests without an owner the estimator that holds them."""
    for holder in list(walk(obj)):
        for request in _requests(getattr(holder, "__dict__", {}).get("_metadata_request")):
            if vars(request).get("owner", "") is None:
                request.owner = holder


def _is_owned(found: Any) -> bool:
    """Tell whether an object is a request that refers to its owner; scikit-learn before 1.8 keeps the owner's name."""
    return isinstance(found, (MetadataRequest, MethodMetadataRequest)) and not isinstance(vars(found).get("owner"), (str, type(None)))


def _requests(held: Any) -> Iterator[Any]:
    """Give a request of an estimator and those for its methods."""
    if isinstance(held, MetadataRequest):
        yield held
        yield from (each for each in vars(held).values() if isinstance(each, MethodMetadataRequest))
