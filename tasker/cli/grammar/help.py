"""The texts of `tasker --help`. The help texts of a verb are in verbs/."""

from __future__ import annotations

INTRODUCTION = "Tasker runs commands on a Linux machine as jobs that systemd limits and supervises."

EPILOG = """\
examples:
  tasker run -- make -j8                   run a job and show its output
  tasker start --memory 1G -- ./train.sh   start a job and print its id
  tasker attach k3v9                       show its output; Ctrl-C detaches
  tasker stop k3v9                         stop it
  tasker list --running

To name a job, give its id or a prefix of its id.

Address and certificates come from the first of these that sets them: the options --address, --ca, --cert and --key;
the context of --context; the variables TASKER_ADDRESS, TASKER_CA, TASKER_CERT and TASKER_KEY; the context of
TASKER_CONTEXT, or else the current context; the keys address, ca, cert and key in ~/.config/tasker/config.toml. The
defaults are localhost:8275, /etc/tasker/ca.crt and /etc/tasker/clients/YOU.crt. Without a key, the file YOU.key beside
the certificate YOU.crt is used. For root on the machine of the service, the default address is
unix:/run/tasker-local/socket, which nothing on the network can block.

Every verb accepts --json. Its keys are those of the API (proto/tasker/api/v1/tasker.proto); a missing value is null.
Sizes are in bytes, durations in seconds, times in RFC 3339. Bytes that are not UTF-8 become \\udc80 to \\udcff.
Errors are {"error": {"reason", "message"}} on stderr.

exit codes: 0 success, 2 wrong command line, 125 Tasker failed, 126 the command cannot be executed, 127 the command was
not found; `tasker run --help` lists those of jobs."""


def sentence(summary: str) -> str:
    """Returns a summary as a sentence."""
    return f"{summary[0].upper()}{summary[1:]}."
