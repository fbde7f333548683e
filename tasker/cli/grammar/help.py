"""The words of `tasker --help` itself. What belongs to one verb stands in verbs/. Text only."""

from __future__ import annotations

INTRODUCTION = "Tasker runs commands on a Linux machine, limited, watched and stopped by systemd."

EPILOG = """\
examples:
  tasker run -- make -j8                   like make -j8, but there
  tasker start --memory 1G -- ./train.sh   prints the job's id
  tasker attach k3v9                       watch it (Ctrl-C leaves it running)
  tasker stop k3v9                         end it
  tasker list --running

A job is named by its id or by the first characters of it.

Where the service is and who you are comes from --address, --ca, --cert and --key, else from --context, else from
TASKER_ADDRESS, TASKER_CA, TASKER_CERT and TASKER_KEY, else from TASKER_CONTEXT or the context in use, else from
~/.config/tasker/config.toml (address, ca, cert, key), else it is localhost:8275, /etc/tasker/ca.crt and
/etc/tasker/clients/YOU.crt. A certificate's key is looked for beside it, as .key, by default. For root on the machine
of the service, localhost:8275 is unix:/run/tasker-local/socket: nothing on the network can block that one.

--json goes with every verb. Keys are those of the API (proto/tasker/api/v1/tasker.proto); what is not there is null.
Sizes are bytes, durations seconds, times RFC 3339; bytes in a word that are no UTF-8 stand there as \\udc80 to \\udcff.
Errors are {"error": {"reason", "message"}} on stderr.

exit codes: 0 done, 2 the command line is wrong, 125 it failed, 126 the command cannot be executed, 127 not found;
`tasker run --help` has those of jobs."""


def sentence(summary: str) -> str:
    """A summary where it stands alone."""
    return f"{summary[0].upper()}{summary[1:]}."
