"""The collector: forks the jobs, holds them at the gate, reads their output into rings, reaps them.

Its lifetime *is* the run: while it runs, no job, output or exit status is lost, whatever happens to engine and
frontends. So it does little, in one thread, in one epoll loop, and imports only the standard library and the pure part
of the core. It makes no decisions: the engine decides which jobs to start, and when a job has ended.
"""
