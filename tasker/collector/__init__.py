"""The collector: forks the jobs, holds them at the gate, reads their output into rings, reaps them.

It *is* the run: while it lives, jobs, output and exit statuses are safe, whatever happens to engine and frontends. So
it does little, in one thread, on one epoll loop, with the standard library and the pure part of the core. It makes no
decisions: the engine says what to start and when a job is over.
"""
