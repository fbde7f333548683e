"""Client: a method for every call of the API. connection.py executes the calls; aio.py is the client for asyncio."""

from __future__ import annotations

from collections.abc import Iterator

from tasker.client import calls, starting
from tasker.client.attachment import AttachCourse, Attachment
from tasker.client.connection import Connection
from tasker.client.renamed import accepts_patience
from tasker.client.resuming import RECONNECT_TIMEOUT, Stop, Wait
from tasker.client.watching import WatchCourse, Watching
from tasker.info import Info
from tasker.job import Job, JobSpec
from tasker.limits import Limits


class Client(Connection):
    """A blocking client. A job is named by its id, or by a prefix of its id that no other job has.

    Every method raises TaskerError, with a `reason` from the server or the client. Any method may raise UNAVAILABLE
    (the server is unreachable or restarting), DENIED (the certificate, or another owner's job), EXHAUSTED (a quota)
    and INTERNAL (a bug). The methods document other reasons. All methods except `wait` and the streams return within
    minutes or raise UNAVAILABLE.
    """

    def start(
        self,
        spec: JobSpec,
        *,
        start_timeout: float = starting.START_TIMEOUT,
        postponed: starting.Postponed | None = None,
    ) -> Job:
        """Starts a job. When this returns, the command runs and every requested limit is in force.

        Raises INVALID (out of range), COMMAND_NOT_FOUND, NOT_EXECUTABLE, REFUSED (by systemd or the kernel, e.g. the
        working directory). After UNAVAILABLE, check with `list` before you try again: the job may run.

        `start_timeout`: if the caller starts jobs faster than the server allows, the client waits as long as the server
        asks and tries again, for at most this many seconds in total. Then it raises EXHAUSTED, with `retry_after`. With
        0, it never waits. `postponed` is called before each wait, with the error and the seconds until the next try.

        >>> job = client.start(JobSpec(("sh", "-c", "echo hello; exit 3"), limits=Limits(memory=64 << 20)))
        >>> job.owner, job.spec.argv[0]
        ('alice', 'sh')
        >>> client.start(JobSpec(("no-such-command",)))
        Traceback (most recent call last):
        tasker.errors.TaskerError: cannot ...
        """
        return self._insist(starting.Start(spec, start_timeout, postponed))

    @accepts_patience
    def stop(self, job: str, grace: float | None = None, *, reconnect_timeout: float = 0.0) -> Job:
        """Stops a job and returns it, ended. If the job has already ended, returns it unchanged.

        `grace`: seconds between SIGTERM and SIGKILL, 0 to 3600; None: that of the spec, or the service's default.
        Raises NOT_FOUND, AMBIGUOUS, INVALID, and REFUSED if the job has not ended 10 s after the grace period, for
        example because a disk hangs. The job is then still being stopped; use `wait` to wait for its end.

        `reconnect_timeout`: for how many seconds to reconnect after a broken connection; needs the complete id of the
        job. Raises UNAVAILABLE after that time, or at once if this client has never received an answer.

        >>> job = client.start(JobSpec(("sleep", "60")))
        >>> client.stop(job.id, grace=5).outcome.summary
        'stopped by alice'
        """
        return self._insist(Stop(job, grace, reconnect_timeout))

    def get(self, job: str) -> Job:
        """Returns a job; while it runs, with its limits in force and its usage. Raises NOT_FOUND, AMBIGUOUS.

        >>> client.get("nothing")
        Traceback (most recent call last):
        tasker.errors.TaskerError: cannot find job 'nothing'...
        """
        return self._ask(calls.get(job))

    def list(self, *, owner: str = "", running: bool = False, archived: bool = False) -> Iterator[Job]:
        """Yields the jobs of this run, oldest first; optionally only jobs of `owner`, only jobs that have not ended
        (`running`), or archived jobs.

        Requests one page after the other, so an error may be raised after some jobs.

        >>> job = client.start(JobSpec(("sleep", "60"), name="nap"))
        >>> [job.spec.name for job in client.list(owner="alice", running=True)]
        ['nap']
        >>> job = client.stop(job.id)
        """
        token = ""
        while True:
            page = self._ask(calls.page(owner, running, archived, token))
            yield from page.jobs
            token = page.next
            if not token:
                return

    @accepts_patience
    def wait(self, job: str, *, reconnect_timeout: float = RECONNECT_TIMEOUT) -> Job:
        """Waits until the job has ended, without a time limit, and returns the job. Raises NOT_FOUND, AMBIGUOUS.

        After a broken connection, reconnects for `reconnect_timeout` seconds, then raises UNAVAILABLE.

        >>> job = client.start(JobSpec(("sh", "-c", "exit 3")))
        >>> client.wait(job.id).outcome.exit_code
        3
        """
        return self._insist(Wait(job, reconnect_timeout))

    def limit(self, job: str, limits: Limits, lift: tuple[str, ...] = ()) -> Job:
        """Changes the limits set in `limits`, removes the fields of Limits named in `lift`, and keeps the others.

        Units and ranges are those of Limits; `run_time` cannot be changed. Raises NOT_FOUND, AMBIGUOUS, INVALID,
        REFUSED (the job has ended, or systemd refused the change).

        >>> job = client.start(JobSpec(("sleep", "60"), limits=Limits(tasks=10)))
        >>> client.limit(job.id, Limits(memory=64 << 20), lift=("tasks",)).limits
        Limits(...memory=67108864, ...tasks=None, ...)
        >>> job = client.stop(job.id)
        """
        return self._ask(calls.limit(job, limits, lift))

    def signal(self, job: str, number: int) -> Job:
        """Sends a signal, 1 to 64, to the process group of a job's command.

        Returns when the signal has been sent; it may take effect later. In a paused job, only SIGKILL is certain to
        take effect at once; any other signal may stay pending until the job is resumed. Raises NOT_FOUND, AMBIGUOUS,
        INVALID, REFUSED.

        >>> job = client.start(JobSpec(("sleep", "60")))
        >>> job = client.signal(job.id, 10)
        >>> client.wait(job.id).outcome.signal
        10
        """
        return self._ask(calls.signal(job, number))

    def pause(self, job: str) -> Job:
        """Freezes every process of a job. Raises NOT_FOUND, AMBIGUOUS, REFUSED.

        >>> job = client.start(JobSpec(("sleep", "60")))
        >>> str(client.pause(job.id).state), str(client.resume(job.id).state)
        ('paused', 'running')
        >>> job = client.stop(job.id)
        """
        return self._ask(calls.pause(job))

    def resume(self, job: str) -> Job:
        """Lets a paused job continue. Raises NOT_FOUND, AMBIGUOUS, REFUSED."""
        return self._ask(calls.resume(job))

    def archive(self, job: str) -> Job:
        """Moves an ended job's output from memory to disk. By default, `list` omits archived jobs.

        Raises NOT_FOUND, AMBIGUOUS, REFUSED.

        >>> job = client.start(JobSpec(("echo", "hello")))
        >>> job = client.wait(job.id)
        >>> client.archive(job.id).archived
        True
        >>> [each.id for each in client.list(archived=True)] == [job.id]
        True
        """
        return self._ask(calls.archive(job))

    def detach(self, job: str) -> int:
        """Closes all open attach streams of the caller on a job, also those of other clients; returns their number.

        Raises NOT_FOUND, AMBIGUOUS.

        >>> job = client.start(JobSpec(("sleep", "60")))
        >>> stream = client.attach(job.id)
        >>> str(next(stream).job.state)
        'running'
        >>> client.detach(job.id)
        1
        >>> next(stream)
        Detached(reason=<DetachReason.REQUESTED: 'requested'>, offset=0)
        >>> job = client.stop(job.id)
        """
        return self._ask(calls.detach(job))

    def info(self) -> Info:
        """Returns information about the service, and the caller's identity and quotas.

        >>> client.info().caller.name
        'alice'
        """
        return self._ask(calls.info())

    @accepts_patience
    def attach(
        self,
        job: str,
        *,
        offset: int | None = None,
        last_bytes: int | None = None,
        last_lines: int | None = None,
        last_time: float | None = None,
        follow: bool = True,
        timestamps: bool = False,
        reconnect_timeout: float = RECONNECT_TIMEOUT,
    ) -> Attachment:
        """Streams a job's output, from its start or from one given position (`last_time`: seconds before now).

        Without `follow`, the stream ends after the output so far. With `timestamps`, chunks have the time of receipt.
        After a broken connection, reconnects for `reconnect_timeout` seconds (0: never) and resumes at the exact byte,
        with the events Interrupted and Resumed. Before Attached, the time counts from the call, and the client
        reconnects only if it has received an answer before or the server has accepted the stream; otherwise iterating
        raises UNAVAILABLE at once.

        The call itself raises INVALID for invalid positions. Iterating raises NOT_FOUND, AMBIGUOUS, and UNAVAILABLE
        after the reconnect timeout; then attach again at `Attachment.offset`.

        >>> job = client.start(JobSpec(("sh", "-c", "echo one; echo two; exit 3")))
        >>> for event in client.attach(job.id):
        ...     match event:
        ...         case Chunk(data=data):
        ...             print(data.decode(), end="")
        ...         case Ended(job=ended):
        ...             print(ended.outcome.summary)
        one
        two
        exited with code 3
        >>> [event.data for event in client.attach(job.id, last_lines=1, follow=False) if isinstance(event, Chunk)]
        [b'two\\n']
        """
        request = calls.attach(
            job,
            offset=offset,
            last_bytes=last_bytes,
            last_lines=last_lines,
            last_time=last_time,
            follow=follow,
            timestamps=timestamps,
        )
        return self._opened(
            Attachment(AttachCourse(request, reconnect_timeout), self._stub.AttachJob, self._translation)
        )

    @accepts_patience
    def watch(
        self, *, job: str = "", owner: str = "", usage: bool = False, reconnect_timeout: float = RECONNECT_TIMEOUT
    ) -> Watching:
        """Streams the current state of jobs (all, one `job`, or those of `owner`), then every change.

        With `usage`, also the usage of running jobs, about once a second. Values of environment variables are empty;
        `get` returns them. After a broken connection, yields Away, reconnects for `reconnect_timeout` seconds (0:
        never), then yields a new snapshot. Iterating raises NOT_FOUND, AMBIGUOUS, and UNAVAILABLE after that time.

        >>> news = client.watch(owner="alice")
        >>> next(news).first
        True
        >>> job = client.start(JobSpec(("sleep", "60")))
        >>> next(news).job.id == job.id
        True
        >>> news.cancel()
        >>> job = client.stop(job.id)
        """
        course = WatchCourse(calls.watch(job, owner, usage), reconnect_timeout)
        return self._opened(Watching(course, self._stub.WatchJobs, self._translation))
