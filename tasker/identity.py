"""Who somebody is: a name and a role, nothing of how it was proved (that is `certs`, read in the frontend)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from tasker.bounds import Matching, Serial

NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
"""A user's name: what Linux accepts as an account name, so that owner, slice and account can be the same word."""
Name = Annotated[str, Matching(NAME, "a user's name")]
"""Names slices, fills lines of the ledger of uids and fields of the journal: wire.codec refuses any other text."""


class Role(StrEnum):
    """What a certificate's OU says."""

    USER = "user"
    ADMIN = "admin"


@dataclass(frozen=True)
class Identity:
    """The caller of a request, as the frontend read it from the certificate."""

    name: Name
    role: Role
    serial: Serial
    """Of the certificate, hexadecimal, for the audit trail and the deny list."""

    @property
    def is_admin(self) -> bool:
        return self.role is Role.ADMIN
