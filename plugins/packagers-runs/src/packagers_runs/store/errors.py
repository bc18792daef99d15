"""What can go wrong with a store.

::

    RunsError
    └── StoreError                     a store cannot be opened, read or written
        ├── AddressError               a store:// address that cannot be read          (also ValueError)
        ├── ArtifactNotFoundError      no artifact has this address                    (also FileNotFoundError)
        ├── RunExistsError             a run of that uid and iteration is there already
        └── StateConflictError         the run is not, or no longer, in a state that allows this
"""

from __future__ import annotations

from typing import Any

from packagers_runs.errors import RunsError


class StoreError(RunsError):
    """A store cannot be opened, read or written."""


class AddressError(StoreError, ValueError):
    """A ``store://`` address that cannot be read.

    Attributes:
        address: The text as it was given.
    """

    def __init__(self, message: str, *, address: str = "", **where: Any) -> None:
        super().__init__(message, **where)
        self.address = address


class ArtifactNotFoundError(StoreError, FileNotFoundError):
    """No artifact has this address.

    Attributes:
        address: The address.
    """

    def __init__(self, message: str, *, address: str = "", **where: Any) -> None:
        super().__init__(message, **where)
        self.address = address


class RunExistsError(StoreError):
    """A run of that uid and iteration is in the store already.

    Attributes:
        uid: Of the run.
        iteration: Of the run.
    """

    def __init__(self, message: str, *, uid: str = "", iteration: int = 0, **where: Any) -> None:
        super().__init__(message, **where)
        self.uid = uid
        self.iteration = iteration


class StateConflictError(StoreError):
    """The run is not, or no longer, in a state that allows this: another process was faster, or it was ended.

    Attributes:
        uid: Of the run.
        iteration: Of the run.
        state: The state that it is in.
        attempt: The number of its current attempt.
    """

    def __init__(self, message: str, *, uid: str = "", iteration: int = 0, state: str = "", attempt: int = 0, **where: Any) -> None:
        super().__init__(message, **where)
        self.uid = uid
        self.iteration = iteration
        self.state = state
        self.attempt = attempt
