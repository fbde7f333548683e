"""`tasker start`: start a job and print its id."""

from __future__ import annotations

import argparse
import os
import sys

from tasker.cli import exits
from tasker.cli.grammar import options, spec
from tasker.cli.live.postponed import telling
from tasker.cli.service.connection import connect
from tasker.cli.show import json
from tasker.cli.show.details import smaller_ring
from tasker.cli.show.stderr import on_terminal, say
from tasker.cli.show.stdout import print_json
from tasker.errors import Reason, TaskerError

USAGE = "[--] COMMAND [ARGUMENT…]"
EPILOG = """\
examples:
  tasker start sleep 60
  tasker start --name nightly --memory 2G --time 1h -C /srv -- ./backup.sh --all
  tasker start -e LANG -e A=1 --io-write /srv=10M -- tar -cf /srv/etc.tar /etc
  id=$(tasker start -- make) && tasker attach "$id"

The command is executed with exactly these arguments, without a shell (for a shell, use sh -c '…'). Its stdin is
/dev/null.

A job ends when its last process has ended. Processes that the command leaves behind may run for --linger while one
of them holds the output, for 1s if none does. Then they receive SIGTERM and, after the grace period, SIGKILL. The job's
exit code is that of the command.

A job runs as its owner's account. Admins may choose another account with --user, even root, but only if tasker.toml
sets [jobs] as_others = true; as shipped, it is false.

A job that does not run as root has no_new_privs: sudo, su and other setuid programs (ping on some systems) gain no
privileges in it. In a job that runs as root, su, runuser -l and sudo -i open a login session, which takes the process
out of the job's limits; use runuser -u USER -- COMMAND, or setpriv --reuid USER --regid GROUP --init-groups COMMAND.

The server limits how fast one owner may start jobs (tasker info; [owner] starts in tasker.toml). Beyond that, the start
waits for up to 60s, says so on stderr, and then fails.

--json prints {"job": {…}}."""


arguments = options.spec_options


def run(given: argparse.Namespace) -> int:
    """Starts a job; prints only its id on stdout, for scripts."""
    asked = spec.build(given, os.environ)
    with connect(given) as client:
        job = client.start(asked, postponed=telling(given))
    try:
        if given.json:
            print_json({"job": json.job(job)})
        else:
            print(job.id)
        sys.stdout.flush()
    except OSError as error:  # report the id on stderr instead
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        text = f"cannot print the id of job {job.id}: {error.strerror}; the job runs; see tasker get {job.id}"
        raise TaskerError(Reason.REFUSED, text) from error
    if given.json:
        return exits.DONE
    if on_terminal() and (smaller := smaller_ring(job)):
        say(f"output kept: {smaller}")
    if on_terminal() and sys.stdout.isatty():
        say(f"started; to show its output: tasker attach {job.id}")
    return exits.DONE
