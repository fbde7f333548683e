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

_ACCOUNT = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}")
"""Names of accounts that are no users' names, too: john.doe, Bob."""


def why_no_name(text: str) -> str:
    """What a user's name is, and what to do where `text` may be the name of a local account: the end of a sentence."""
    rule = "a user's name is 1 to 32 of a-z 0-9 _ -, first a letter or _"
    if not _ACCOUNT.fullmatch(text):
        return rule
    name = re.sub("[^a-z0-9_-]", "-", text.lower())
    return f'{rule}; for that account, name the user {name} and put {name} = "{text}" under [accounts] in tasker.toml'


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
