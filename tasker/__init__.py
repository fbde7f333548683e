"""Tasker, a job service for one Linux machine."""

__version__ = "0.1.0"
