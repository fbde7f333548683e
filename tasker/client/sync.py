"""Client: every call of the API as a method. How calls are made: connection.py; the same for asyncio: aio.py."""

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
    """A job is named by its id, or by a beginning of it that no other job has.

    Every method raises TaskerError. Its `reason` is what the server gave, or what this side found out; any may be
    UNAVAILABLE (the server cannot be reached, or restarts), DENIED (one's certificate, or somebody else's job),
    EXHAUSTED (a quota) and INTERNAL (a defect). The methods name the others. All but `wait` and the streams answer
    within minutes, or raise UNAVAILABLE.
    """

    def start(
        self,
        spec: JobSpec,
        *,
        start_timeout: float = starting.START_TIMEOUT,
        postponed: starting.Postponed | None = None,
    ) -> Job:
        """Start a job: its command runs when this returns, under every limit that was asked for.

        Raises INVALID (out of range), COMMAND_NOT_FOUND, NOT_EXECUTABLE, REFUSED (by systemd or the kernel, e.g. the
        working directory). After UNAVAILABLE look with `list` before trying again: it may run.

        `start_timeout`: where the caller starts jobs faster than the server allows, this waits for the time that the
        server names and asks again, for so many seconds in total; then EXHAUSTED is raised, with `retry_after`. 0: at
        once. `postponed` is called before each such wait, with that error and the seconds until the next try.

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
        """End a job and return it as it ended; one that has ended is returned as it is.

        `grace`: seconds from SIGTERM to SIGKILL, 0 to 3600; None: what its spec says, or the service's default. Raises
        NOT_FOUND, AMBIGUOUS, INVALID, and REFUSED where its end is not seen 10 s after that, as where a disk hangs: it
        is still being stopped, and `wait` tells when it is over.

        `reconnect_timeout`: with a whole id, for how many seconds a connection that breaks is tried again; UNAVAILABLE
        is raised once that is over, or at once where this client never had an answer before.

        >>> job = client.start(JobSpec(("sleep", "60")))
        >>> client.stop(job.id, grace=5).outcome.summary
        'stopped by alice'
        """
        return self._insist(Stop(job, grace, reconnect_timeout))

    def get(self, job: str) -> Job:
        """A job; while it runs, with what is in force and what it uses. Raises NOT_FOUND, AMBIGUOUS.

        >>> client.get("nothing")
        Traceback (most recent call last):
        tasker.errors.TaskerError: cannot find job 'nothing'...
        """
        return self._ask(calls.get(job))

    def list(self, *, owner: str = "", running: bool = False, archived: bool = False) -> Iterator[Job]:
        """All jobs of this run, oldest first; only `owner`'s, only those that have not ended, only archived ones.

        Asks page by page, so an error may come in the middle.

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
        """The job, once it has ended, however long that takes. Raises NOT_FOUND, AMBIGUOUS.

        A connection that breaks meanwhile is tried again for `reconnect_timeout` seconds, then UNAVAILABLE is raised.

        >>> job = client.start(JobSpec(("sh", "-c", "exit 3")))
        >>> client.wait(job.id).outcome.exit_code
        3
        """
        return self._insist(Wait(job, reconnect_timeout))

    def limit(self, job: str, limits: Limits, lift: tuple[str, ...] = ()) -> Job:
        """Change what is set in `limits`, take away the fields of Limits named in `lift`; the rest stays.

        Units and ranges are those of Limits; `run_time` cannot be changed. Raises NOT_FOUND, AMBIGUOUS, INVALID,
        REFUSED (the job has ended, or systemd said no).

        >>> job = client.start(JobSpec(("sleep", "60"), limits=Limits(tasks=10)))
        >>> client.limit(job.id, Limits(memory=64 << 20), lift=("tasks",)).limits
        Limits(...memory=67108864, ...tasks=None, ...)
        >>> job = client.stop(job.id)
        """
        return self._ask(calls.limit(job, limits, lift))

    def signal(self, job: str, number: int) -> Job:
        """Send a signal, 1 to 64, to the process group of a job's command.

        Returns when the signal has been sent, which is not when it takes effect. In a paused job only SIGKILL is
        certain to take effect at once; any other signal may stay pending until the job is resumed. Raises NOT_FOUND,
        AMBIGUOUS, INVALID, REFUSED.

        >>> job = client.start(JobSpec(("sleep", "60")))
        >>> job = client.signal(job.id, 10)
        >>> client.wait(job.id).outcome.signal
        10
        """
        return self._ask(calls.signal(job, number))

    def pause(self, job: str) -> Job:
        """Freeze every process of a job where it stands. Raises NOT_FOUND, AMBIGUOUS, REFUSED.

        >>> job = client.start(JobSpec(("sleep", "60")))
        >>> str(client.pause(job.id).state), str(client.resume(job.id).state)
        ('paused', 'running')
        >>> job = client.stop(job.id)
        """
        return self._ask(calls.pause(job))

    def resume(self, job: str) -> Job:
        """Let a paused job go on. Raises NOT_FOUND, AMBIGUOUS, REFUSED."""
        return self._ask(calls.resume(job))

    def archive(self, job: str) -> Job:
        """Move an ended job's output from memory to disk; it leaves the default list.

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
        """Close one's own open streams on a job, from wherever they were opened; how many there were.

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
        """The service, and what holds for the caller.

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
        """A job's output, from the start or from the one position that is given (`last_time` in seconds before now).

        Without `follow` it ends at what is there. With `timestamps` chunks say when they were received. A connection
        that breaks is taken up again at the exact byte, with the events Interrupted and Resumed; it is tried for
        `reconnect_timeout` seconds (0: not at all). So is one that breaks before Attached, counted from the call, if
        this client ever had an answer of the server, or the stream was let in; else it is an error at once, as a wrong
        address is.

        Raises INVALID for positions at once; the rest by iterating: NOT_FOUND, AMBIGUOUS, and UNAVAILABLE where it gave
        up; `Attachment.offset` then says where to go on.

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
        """Every job, or those named, as they are now, and every change from then on.

        Values of environments are empty here; `get` has them.
        With `usage` also what running jobs use, about once a second. A connection that breaks is tried again for
        `reconnect_timeout` seconds (0: not at all): Away, then a new snapshot. Raises by iterating: NOT_FOUND,
        AMBIGUOUS, and UNAVAILABLE where it gave up.

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
