"""Who somebody is: a name and a role, nothing of how it was proved (that is `certs`, read in the frontend)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
"""A user's name: what Linux accepts as an account name, so that owner, slice and account can be the same word."""


class Role(StrEnum):
    """What a certificate's OU says."""

    USER = "user"
    ADMIN = "admin"


@dataclass(frozen=True)
class Identity:
    """The caller of a request, as the frontend read it from the certificate."""

    name: str
    role: Role
    serial: str
    """Of the certificate, hexadecimal, for the audit trail and the deny list."""

    @property
    def is_admin(self) -> bool:
        return self.role is Role.ADMIN
