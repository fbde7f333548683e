"""Tasker, a job service for one Linux machine.

Three kinds of process: frontend (uses grpc), engine (uses dbus-next), collector (uses the standard library alone).
The life of `tasker start --memory 512M -- make -j4` through the files:

 1. cli/__main__.py    answers --help and --version; else program.py parses argv (grammar/) and runs verbs/start.py
 2. cli/grammar/spec.py turns options into a JobSpec (job.py); cli/service/settings.py finds address and certificates
 3. client/sync.py     StartJob (calls.py) over mutual TLS 1.3 (connection.py), in protobuf (api/specs.py)
 4. frontend/          guard.py authenticates the caller (tls.py); servicer.py converts the request; engine.py sends it
 5. engine/control.py  receives it (socket: channel.py, messages: wire/); requests.py authorizes it, calls its handler
 6. engine/starts.py   checks the rate (startrate.py), waits for a turn (turns.py), finds the account (accounts.py),
                       checks the quotas (quotas.py)
 7. engine/launcher.py sends Launch to the collector, which forks; child.py becomes the job's user, waits at its gate
 8. engine/scope.py    makes the scope (systemd.py, manager.py), reads its limits back (properties.py); then Release
 9. collector/         child.py executes the command (or whynot.py); output.py, turns.py move its output to a ring.py
10. frontend/attach.py sends the ring to each client that attaches; cli/live/follow.py shows it (output: choose.py)
11. engine/jobs.py     ends the job: lingering.py (processes that the leader left), conclusions.py, verdict.py (reason)
12. engine/retention.py decides which ended jobs archive.py moves to disk, and which are deleted (kept.py: per owner)

Also in engine/: reconcile.py rebuilds the job table (jobtable.py, entry.py) after a restart; stops.py, signalling.py,
pausing.py, limiting.py (rollback.py) and run_times.py change and end jobs; deactivations.py serves stop requests of
systemd; escape.py ends jobs that left their scope; loginsessions.py reports login sessions; slices.py enforces owners'
quotas (capacity.py: shares of the machine); rings.py limits the memory for output; disks.py finds the disk under a path
(mounts.py); disklimits.py limits disk IO; inforce.py reads the limits in force; usage.py reads the usage; acting.py (in
the core) names the limits that acted; audit.py logs the actions of callers, rate-limited (ratelimit.py); ledger.py
assigns uids to owners; blocking.py runs blocking calls in threads; about.py answers GetInfo; watchers.py sends changes
of jobs to the frontends, and frontend/watch.py sends them to clients.

Also in frontend/: connections.py closes connections of an address that has too many (sockets.py) and connections with
refused certificates (callers.py); local.py serves root over a separate unix socket.

lifecycle.py has the table of state changes, policy.py the table of permissions. The range of a field is declared beside
its type (bounds.py), and wire/codec.py enforces it.
"""

__version__ = "0.1.0"
