"""Tasker, a job service for one Linux machine.

Three processes, each with one dependency: frontend (grpc), engine (dbus-next), collector (the standard library).
The life of `tasker start --memory 512M -- make -j4` through the files:

 1. cli/program.py     parses the line (arguments, options, spec), finds address and certificates (settings)
 2. client/            StartJob over mutual TLS 1.3; api/specs.py turns a JobSpec (job.py) into protobuf and back
 3. frontend/          tls and guard: the certificate becomes an Identity; service hands the call to engine.py ...
 4. engine/control.py  ... which asks here, over a socket (channel.py, messages in wire/)
 5. engine/jobs.py     policy.py: may they? job.py: is it in range? then engine/launcher.py: Launch to the collector
 6. collector/         launch forks, child becomes the job's user and waits at its gate
 7. engine/scope.py    StartTransientUnit (systemd.py, manager.py), limits read back from the cgroup; then Release
 8. collector/         the gate opens, exec; output.py reads the pipe into a ring (ring.py) until the leader exits
 9. frontend/attach.py reads the ring for whoever attaches; cli/follow.py and output.py show it
10. engine/jobs.py     the leader exited: kill what is left, Finish; outcomes.py and verdict.py say how it ended and why
11. engine/retention.py  at last archive.py takes its output to disk; attached to, it is a ring again (unpacked.py)

Around that, in engine/: ceilings.py is what owners and Tasker as a whole may use, limiting.py changes the limits of a
running job, inforce.py reads back what is in force and usage.py what it uses, escape.py ends what left its scope,
about.py answers GetInfo. watchers.py tells frontends what changes; frontend/watch.py passes it on to who watches.

What may happen to a job is a table in lifecycle.py; who may do what is one in policy.py.
"""

__version__ = "0.1.0"
