"""The words of --help that are not about one option: introduction, examples, exit codes. Text only."""

from __future__ import annotations

INTRODUCTION = "Tasker runs commands on a Linux machine, limited, watched and stopped by systemd."

USAGES = {
    "start": "[--] COMMAND [ARGUMENT…]",
    "run": "[--] COMMAND [ARGUMENT…]",
    "stop": "JOB…",
    "attach": "JOB",
    "detach": "JOB",
    "get": "JOB",
    "list": "",
    "certs": "ACTION …",
}


def sentence(summary: str) -> str:
    """A summary where it stands alone."""
    return f"{summary[0].upper()}{summary[1:]}."


EPILOGS = {
    "": """\
examples:
  tasker run -- make -j8                          like make -j8, but there
  tasker start --memory 1G --cpu 2 -- ./train.sh  prints the job's id
  tasker attach k3v9                              watch it (Ctrl-C leaves it running)
  tasker stop k3v9                                end it
  tasker list --running

A job is named by its id or by the first characters of it.

Where the service is and who you are comes from --address, --ca, --cert and --key, else from TASKER_ADDRESS, TASKER_CA,
TASKER_CERT and TASKER_KEY, else from ~/.config/tasker/config.toml (address, ca, cert, key), else it is localhost:8275,
/etc/tasker/ca.crt and /etc/tasker/clients/YOU.crt. A certificate's key is looked for beside it, as .key, by default.

--json goes with every verb. Keys are those of the API (proto/tasker/api/v1/tasker.proto); what is not there is null.
Sizes are bytes, durations seconds, times RFC 3339; bytes in a word that are no UTF-8 stand there as \\udc80 to \\udcff.
Errors are {"error": {"reason", "message"}} on stderr.

exit codes: 0 done, 2 the command line is wrong, 125 it failed, 126 the command cannot be executed, 127 not found;
`tasker run --help` has those of jobs.""",
    "start": """\
examples:
  tasker start sleep 60
  tasker start --name nightly --memory 2G --time 1h -C /srv -- ./backup.sh --all
  tasker start -e LANG -e DEBUG=1 --io-write /var=10M -- dd if=/dev/zero of=/var/tmp/x
  id=$(tasker start -- make) && tasker attach "$id"

The command gets its arguments exactly as given; no shell sees them (use sh -c '…' for one). Its stdin is /dev/null.
--json prints {"job": {…}}.""",
    "run": """\
examples:
  tasker run -- make -j8
  tasker run --memory 512M --time 10m -- python3 -c 'print("hello")'
  tasker run --json -- date | jq -r '.chunk.data // empty | @base64d'

Ctrl-C (or SIGTERM, or SIGHUP) stops the job, a second one kills it at once, a third one leaves it. A closed stdout
stops it as well. On no terminal, stdout is the job's output byte for byte and all else is on stderr.
--json prints lines as `attach --json` does.

exit codes: the job's own; 128 + n when signal n ended it; 124 its run time was over; 137 out of memory, or killed by a
stop; 143 stopped by a stop's SIGTERM; 125 Tasker failed, could not understand, was detached, or nobody saw how the job
ended; 126 the command cannot be executed; 127 it does not exist.""",
    "stop": """\
examples:
  tasker stop k3v9
  tasker stop --grace 1m k3v9 7h2m
  tasker stop --grace 0 k3v9

Returns when the jobs have ended. A job that has ended already stays as it is. --json prints {"jobs": […]}.""",
    "attach": """\
examples:
  tasker attach k3v9
  tasker attach --tail 20 k3v9
  tasker attach --no-follow k3v9 > output.bin
  tasker attach --offset 1048576 k3v9

Ctrl-C detaches; the job goes on. On a terminal the output is cleaned of everything but text and colours, above a
footer; elsewhere stdout is the job's output byte for byte. Notices (lost output, how it ended) go to stderr.

--json prints one line for each event, with one key: {"attached": {"job", "offset"}}, {"chunk": {"offset", "data"}} with
data in base64, {"lost": {"begin", "end"}}, and last {"ended": {"job", "offset"}} or {"detached": {"reason", "offset"}}.

exit codes: 0 when it saw the job's end, the end of what was there (--no-follow), or was asked to leave (Ctrl-C, tasker
detach); 125 when the connection or the certificate ended before.""",
    "detach": """\
examples:
  tasker detach k3v9

The job goes on. --json prints {"streams": N}, how many were closed.""",
    "get": """\
examples:
  tasker get k3v9
  tasker get --json k3v9 | jq .job.outcome

--json prints {"job": {…}}.""",
    "list": """\
examples:
  tasker list
  tasker ps --mine --running
  tasker ls --wide
  tasker list --json | jq -r '.jobs[] | select(.state == "running") | .id'

Oldest first. On no terminal: the same columns, nothing cut. --json prints {"jobs": […]}.""",
    "certs": """\
examples:
  sudo tasker certs init                        the CA, and this machine's server certificate
  sudo tasker certs client alice --role user
  tasker certs list

Everything is in /etc/tasker by default. Nothing is overwritten without --force.""",
}
