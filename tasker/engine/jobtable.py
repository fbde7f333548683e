"""The jobs of this run: found by id or prefix, in the order of creation, and in the order in which they ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tasker.engine.entry import Entry
from tasker.engine.kept import Kept
from tasker.errors import Reason, TaskerError, invalid
from tasker.job import Job

Watcher = Callable[[Job | str], None]


class JobTable:
    """Insertion order is the order of creation."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._revision = 0
        self.watchers: set[Watcher] = set()
        """Called with every job that is new or changed, and with the id of every job that is removed."""
        self.ended = Kept()
        """Ended jobs whose output is in memory, in the order in which they ended."""
        self.archived = Kept()
        """Ended jobs whose output is on disk, in the order in which they were archived."""

    def __iter__(self) -> Iterator[Entry]:
        return iter(list(self._entries.values()))

    def __contains__(self, id: object) -> bool:
        return id in self._entries

    def add(self, entry: Entry) -> None:
        self._entries[entry.job.id] = entry
        self._revision = max(self._revision, entry.job.revision)
        entry.table = self
        self.announce(entry.job)

    def end(self, entry: Entry) -> None:
        """Records that a job has ended, and wakes all tasks that wait for its end."""
        if entry.job.archived:
            self.archived.add(entry, entry.archive_size)
        else:
            self.ended.add(entry, entry.output_memory)
        for event in (entry.settled, entry.exit_known, entry.over):
            event.set()

    def archive(self, entry: Entry) -> None:
        """Records that the output of an ended job is on disk."""
        self.ended.discard(entry)
        self.archived.add(entry, entry.archive_size)
        entry.change(archived=True, followers=0)

    def remove(self, entry: Entry) -> None:
        self.ended.discard(entry)
        self.archived.discard(entry)
        del self._entries[entry.job.id]
        entry.table = None
        self.announce(entry.job.id)

    def next_revision(self) -> int:
        self._revision += 1
        return self._revision

    def announce(self, change: Job | str) -> None:
        for watcher in tuple(self.watchers):
            watcher(change)

    def get(self, id: str) -> Entry | None:
        return self._entries.get(id)

    @property
    def running(self) -> int:
        """The number of jobs that have not ended."""
        return len(self._entries) - len(self.ended) - len(self.archived)

    def find(self, prefix: str) -> Entry:
        """Finds a job by its id or an unambiguous prefix. Raises TaskerError(NOT_FOUND, AMBIGUOUS or INVALID)."""
        entry = self._entries.get(prefix)
        if entry is not None:
            return entry
        if not prefix:
            raise invalid("cannot find a job without an id; tasker list shows all jobs")
        found = [id for id in self._entries if id.startswith(prefix)]
        if len(found) == 1:
            return self._entries[found[0]]
        if found:
            some = ", ".join(found[:5]) + (" …" if len(found) > 5 else "")
            raise TaskerError(
                Reason.AMBIGUOUS, f"cannot choose a job for {prefix[:16]!r}: it may be {some}; give more characters"
            )
        raise TaskerError(Reason.NOT_FOUND, f"cannot find job {prefix[:16]!r}; tasker list shows all jobs")
