"""An identity: a name and a role. How it is proved: `certs`, used in the frontend."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from tasker.bounds import Matching, Serial

NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
"""A user name: also a valid account name on Linux, so that owner, slice and account can have the same name."""
Name = Annotated[str, Matching(NAME, "a user's name")]
"""Used in names of slices, lines of the ledger of uids and fields of the journal: wire.codec refuses any other text."""

_ACCOUNT = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}")
"""Names of accounts, including those that are not valid user names: john.doe, Bob."""


def why_no_name(text: str) -> str:
    """The end of a sentence: the rule for user names, and what to do if `text` may be the name of a local account."""
    rule = "a user's name is 1 to 32 of a-z 0-9 _ -, first a letter or _"
    if not _ACCOUNT.fullmatch(text):
        return rule
    name = re.sub("[^a-z0-9_-]", "-", text.lower())
    return f'{rule}; for that account, name the user {name} and put {name} = "{text}" under [accounts] in tasker.toml'


class Role(StrEnum):
    """The role in a certificate's OU."""

    USER = "user"
    ADMIN = "admin"


@dataclass(frozen=True)
class Identity:
    """The caller of a request, as read from the certificate by the frontend."""

    name: Name
    role: Role
    serial: Serial
    """The certificate's serial number, hexadecimal, for the audit trail and the deny list."""

    @property
    def is_admin(self) -> bool:
        return self.role is Role.ADMIN
