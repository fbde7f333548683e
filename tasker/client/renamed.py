"""Parameters of the public API under an earlier name: accepted as keywords, with a DeprecationWarning."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")


def accepts_patience(method: Callable[_P, _T]) -> Callable[_P, _T]:
    """Let `method` take its `reconnect_timeout` as `patience`, too. Raises TypeError if a caller gives both."""

    @functools.wraps(method)
    def call(*arguments: _P.args, **named: _P.kwargs) -> _T:
        if "patience" in named:
            warnings.warn("patience is now named reconnect_timeout", DeprecationWarning, stacklevel=2)
            if "reconnect_timeout" in named:
                raise TypeError("cannot take both patience and reconnect_timeout; give reconnect_timeout")
            named["reconnect_timeout"] = named.pop("patience")
        return method(*arguments, **named)

    return call
