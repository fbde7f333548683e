"""From options to a connected Client, and a better answer than "socket closed" when the certificate is to blame."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tasker import certs
from tasker.cli import settings
from tasker.client import Client
from tasker.errors import Reason, TaskerError


@contextmanager
def connected(options: argparse.Namespace) -> Iterator[Client]:
    """A Client for the settings in force. Raises TaskerError as everything that is called on it."""
    found = settings.find(vars(options), os.environ, settings.local_user())
    material = settings.read(found)
    try:
        with Client(found.address, ca=material.ca, certificate=material.certificate, key=material.key) as client:
            yield client
    except TaskerError as error:
        if error.reason is not Reason.UNAVAILABLE:
            raise
        try:
            check(material, time.time())
        except TaskerError as why:
            raise TaskerError(why.reason, f"{why.message} ({found.cert})") from error
        raise


def own_name(options: argparse.Namespace) -> str:
    """The user that the caller's certificate names."""
    material = settings.read(settings.find(vars(options), os.environ, settings.local_user()))
    return certs.identity_of(material.certificate, material.ca).identity.name


def check(material: settings.Material, now: float) -> None:
    """Raise TaskerError where the service will not take this certificate: a refused handshake tells nothing itself."""
    certs.identity_of(material.certificate, material.ca).check_dates(now)
    certs.check_material(material.ca, certs.Pair(material.certificate, material.key))
