"""Tasker, a job service for one Linux machine.

Three processes, each with one dependency: frontend (grpc), engine (dbus-next), collector (the standard library).
The life of `tasker start --memory 512M -- make -j4` through the files:

 1. cli/__main__.py    --help and --version at once; else program.py parses the line (grammar/) and runs verbs/start.py
 2. cli/grammar/spec.py options become a JobSpec (job.py); cli/service/: settings.py finds address and certificates
 3. client/sync.py     StartJob (calls.py) over mutual TLS 1.3 (connection.py), in protobuf (api/specs.py)
 4. frontend/          tls and guard: the certificate becomes an Identity; service hands the call to engine.py ...
 5. engine/control.py  ... which asks here, over a socket (channel.py, messages: wire/); requests.py has a row for each
 6. engine/starts.py   startrate.py: too fast? turns.py: whose turn? accounts.py: as whom? quotas.py: is there room?
 7. engine/launcher.py Launch to the collector, which forks; child.py becomes the job's user and waits at its gate
 8. engine/scope.py    StartTransientUnit (systemd.py, manager.py), limits read back (properties.py, cgroup.py); Release
 9. collector/         the gate opens, exec (or whynot.py says why not); output.py fills a ring, in turns (turns.py)
10. frontend/attach.py reads the ring for whoever attaches; cli/live/follow.py shows it, where choose.py says
11. engine/jobs.py     lingering.py ends what the leader left behind; conclusions.py, verdict.py: how and why it ended
12. engine/retention.py at last archive.py takes its output to disk, that of the owner who has most (kept.py) first

Around that, in engine/: reconcile.py rebuilds the table (jobtable.py) of entries (entry.py) after a restart; stops.py,
signalling.py, pausing.py, limiting.py (rollback.py) and run_times.py end and change jobs; deactivations.py serves the
stop requests of systemd; escape.py ends jobs that left their scope, loginsessions.py reports login sessions; slices.py
enforces the quotas of owners (capacity.py: shares of the machine), rings.py their memory for output; disks.py finds the
disk under a path (mounts.py), disklimits.py limits it; inforce.py reads the limits in force, usage.py the usage,
acting.py tells which limits acted; audit.py logs who did what, rate-limited (ratelimit.py); ledger.py assigns uids to
owners; blocking.py runs blocking calls; about.py answers GetInfo. watchers.py sends changes to the frontends, and
frontend/watch.py sends them on to clients.

In frontend/: connections.py ends connections of an address that has too many (sockets.py) and of refused certificates
(callers.py); local.py serves root over a socket of its own.

What may happen to a job is a table in lifecycle.py; who may do what is one in policy.py; which values a field may hold
is declared beside its type (bounds.py) and enforced by wire/codec.py.
"""

__version__ = "0.1.0"
