import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class JobState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    JOB_STATE_UNSPECIFIED: _ClassVar[JobState]
    JOB_STATE_STARTING: _ClassVar[JobState]
    JOB_STATE_RUNNING: _ClassVar[JobState]
    JOB_STATE_STOPPING: _ClassVar[JobState]
    JOB_STATE_ENDING: _ClassVar[JobState]
    JOB_STATE_ENDED: _ClassVar[JobState]
JOB_STATE_UNSPECIFIED: JobState
JOB_STATE_STARTING: JobState
JOB_STATE_RUNNING: JobState
JOB_STATE_STOPPING: JobState
JOB_STATE_ENDING: JobState
JOB_STATE_ENDED: JobState

class JobSpec(_message.Message):
    __slots__ = ("argv", "working_directory", "environment", "name", "user", "limits")
    class EnvironmentEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: bytes
        def __init__(self, key: _Optional[str] = ..., value: _Optional[bytes] = ...) -> None: ...
    ARGV_FIELD_NUMBER: _ClassVar[int]
    WORKING_DIRECTORY_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    argv: _containers.RepeatedScalarFieldContainer[bytes]
    working_directory: str
    environment: _containers.ScalarMap[str, bytes]
    name: str
    user: str
    limits: Limits
    def __init__(self, argv: _Optional[_Iterable[bytes]] = ..., working_directory: _Optional[str] = ..., environment: _Optional[_Mapping[str, bytes]] = ..., name: _Optional[str] = ..., user: _Optional[str] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("cpu", "cpu_weight", "memory", "memory_high", "memory_swap", "tasks", "io", "io_weight", "run_time")
    CPU_FIELD_NUMBER: _ClassVar[int]
    CPU_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    MEMORY_FIELD_NUMBER: _ClassVar[int]
    MEMORY_HIGH_FIELD_NUMBER: _ClassVar[int]
    MEMORY_SWAP_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    IO_FIELD_NUMBER: _ClassVar[int]
    IO_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    RUN_TIME_FIELD_NUMBER: _ClassVar[int]
    cpu: float
    cpu_weight: int
    memory: int
    memory_high: int
    memory_swap: int
    tasks: int
    io: _containers.RepeatedCompositeFieldContainer[IoLimit]
    io_weight: int
    run_time: _duration_pb2.Duration
    def __init__(self, cpu: _Optional[float] = ..., cpu_weight: _Optional[int] = ..., memory: _Optional[int] = ..., memory_high: _Optional[int] = ..., memory_swap: _Optional[int] = ..., tasks: _Optional[int] = ..., io: _Optional[_Iterable[_Union[IoLimit, _Mapping]]] = ..., io_weight: _Optional[int] = ..., run_time: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class IoLimit(_message.Message):
    __slots__ = ("path", "read_bandwidth", "write_bandwidth", "read_iops", "write_iops")
    PATH_FIELD_NUMBER: _ClassVar[int]
    READ_BANDWIDTH_FIELD_NUMBER: _ClassVar[int]
    WRITE_BANDWIDTH_FIELD_NUMBER: _ClassVar[int]
    READ_IOPS_FIELD_NUMBER: _ClassVar[int]
    WRITE_IOPS_FIELD_NUMBER: _ClassVar[int]
    path: str
    read_bandwidth: int
    write_bandwidth: int
    read_iops: int
    write_iops: int
    def __init__(self, path: _Optional[str] = ..., read_bandwidth: _Optional[int] = ..., write_bandwidth: _Optional[int] = ..., read_iops: _Optional[int] = ..., write_iops: _Optional[int] = ...) -> None: ...

class Outcome(_message.Message):
    __slots__ = ("kind", "exit_code", "signal", "core_dumped", "stopped_by", "killed", "summary")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[Outcome.Kind]
        KIND_EXITED: _ClassVar[Outcome.Kind]
        KIND_SIGNALLED: _ClassVar[Outcome.Kind]
        KIND_STOPPED: _ClassVar[Outcome.Kind]
        KIND_OUT_OF_MEMORY: _ClassVar[Outcome.Kind]
        KIND_TIMED_OUT: _ClassVar[Outcome.Kind]
        KIND_RUN_ENDED: _ClassVar[Outcome.Kind]
        KIND_UNKNOWN: _ClassVar[Outcome.Kind]
    KIND_UNSPECIFIED: Outcome.Kind
    KIND_EXITED: Outcome.Kind
    KIND_SIGNALLED: Outcome.Kind
    KIND_STOPPED: Outcome.Kind
    KIND_OUT_OF_MEMORY: Outcome.Kind
    KIND_TIMED_OUT: Outcome.Kind
    KIND_RUN_ENDED: Outcome.Kind
    KIND_UNKNOWN: Outcome.Kind
    KIND_FIELD_NUMBER: _ClassVar[int]
    EXIT_CODE_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    CORE_DUMPED_FIELD_NUMBER: _ClassVar[int]
    STOPPED_BY_FIELD_NUMBER: _ClassVar[int]
    KILLED_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    kind: Outcome.Kind
    exit_code: int
    signal: int
    core_dumped: bool
    stopped_by: str
    killed: bool
    summary: str
    def __init__(self, kind: _Optional[_Union[Outcome.Kind, str]] = ..., exit_code: _Optional[int] = ..., signal: _Optional[int] = ..., core_dumped: _Optional[bool] = ..., stopped_by: _Optional[str] = ..., killed: _Optional[bool] = ..., summary: _Optional[str] = ...) -> None: ...

class Job(_message.Message):
    __slots__ = ("id", "owner", "spec", "unit", "slice", "user", "uid", "state", "created", "started", "ended", "outcome", "pid")
    ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    SLICE_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    UID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CREATED_FIELD_NUMBER: _ClassVar[int]
    STARTED_FIELD_NUMBER: _ClassVar[int]
    ENDED_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    id: str
    owner: str
    spec: JobSpec
    unit: str
    slice: str
    user: str
    uid: int
    state: JobState
    created: _timestamp_pb2.Timestamp
    started: _timestamp_pb2.Timestamp
    ended: _timestamp_pb2.Timestamp
    outcome: Outcome
    pid: int
    def __init__(self, id: _Optional[str] = ..., owner: _Optional[str] = ..., spec: _Optional[_Union[JobSpec, _Mapping]] = ..., unit: _Optional[str] = ..., slice: _Optional[str] = ..., user: _Optional[str] = ..., uid: _Optional[int] = ..., state: _Optional[_Union[JobState, str]] = ..., created: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., started: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ended: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., outcome: _Optional[_Union[Outcome, _Mapping]] = ..., pid: _Optional[int] = ...) -> None: ...

class StartJobRequest(_message.Message):
    __slots__ = ("spec",)
    SPEC_FIELD_NUMBER: _ClassVar[int]
    spec: JobSpec
    def __init__(self, spec: _Optional[_Union[JobSpec, _Mapping]] = ...) -> None: ...

class StartJobResponse(_message.Message):
    __slots__ = ("job",)
    JOB_FIELD_NUMBER: _ClassVar[int]
    job: Job
    def __init__(self, job: _Optional[_Union[Job, _Mapping]] = ...) -> None: ...

class StopJobRequest(_message.Message):
    __slots__ = ("job", "grace")
    JOB_FIELD_NUMBER: _ClassVar[int]
    GRACE_FIELD_NUMBER: _ClassVar[int]
    job: str
    grace: _duration_pb2.Duration
    def __init__(self, job: _Optional[str] = ..., grace: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class StopJobResponse(_message.Message):
    __slots__ = ("job",)
    JOB_FIELD_NUMBER: _ClassVar[int]
    job: Job
    def __init__(self, job: _Optional[_Union[Job, _Mapping]] = ...) -> None: ...

class GetJobRequest(_message.Message):
    __slots__ = ("job",)
    JOB_FIELD_NUMBER: _ClassVar[int]
    job: str
    def __init__(self, job: _Optional[str] = ...) -> None: ...

class GetJobResponse(_message.Message):
    __slots__ = ("job",)
    JOB_FIELD_NUMBER: _ClassVar[int]
    job: Job
    def __init__(self, job: _Optional[_Union[Job, _Mapping]] = ...) -> None: ...

class ListJobsRequest(_message.Message):
    __slots__ = ("owner", "running", "page_token")
    OWNER_FIELD_NUMBER: _ClassVar[int]
    RUNNING_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    owner: str
    running: bool
    page_token: str
    def __init__(self, owner: _Optional[str] = ..., running: _Optional[bool] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListJobsResponse(_message.Message):
    __slots__ = ("jobs", "next_page_token")
    JOBS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    jobs: _containers.RepeatedCompositeFieldContainer[Job]
    next_page_token: str
    def __init__(self, jobs: _Optional[_Iterable[_Union[Job, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class AttachJobRequest(_message.Message):
    __slots__ = ("job", "offset", "last_bytes", "last_lines", "follow")
    JOB_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    LAST_BYTES_FIELD_NUMBER: _ClassVar[int]
    LAST_LINES_FIELD_NUMBER: _ClassVar[int]
    FOLLOW_FIELD_NUMBER: _ClassVar[int]
    job: str
    offset: int
    last_bytes: int
    last_lines: int
    follow: bool
    def __init__(self, job: _Optional[str] = ..., offset: _Optional[int] = ..., last_bytes: _Optional[int] = ..., last_lines: _Optional[int] = ..., follow: _Optional[bool] = ...) -> None: ...

class AttachJobResponse(_message.Message):
    __slots__ = ("chunk", "lost", "ended", "detached", "attached")
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    LOST_FIELD_NUMBER: _ClassVar[int]
    ENDED_FIELD_NUMBER: _ClassVar[int]
    DETACHED_FIELD_NUMBER: _ClassVar[int]
    ATTACHED_FIELD_NUMBER: _ClassVar[int]
    chunk: Chunk
    lost: Lost
    ended: Ended
    detached: Detached
    attached: Attached
    def __init__(self, chunk: _Optional[_Union[Chunk, _Mapping]] = ..., lost: _Optional[_Union[Lost, _Mapping]] = ..., ended: _Optional[_Union[Ended, _Mapping]] = ..., detached: _Optional[_Union[Detached, _Mapping]] = ..., attached: _Optional[_Union[Attached, _Mapping]] = ...) -> None: ...

class Attached(_message.Message):
    __slots__ = ("job", "offset")
    JOB_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    job: Job
    offset: int
    def __init__(self, job: _Optional[_Union[Job, _Mapping]] = ..., offset: _Optional[int] = ...) -> None: ...

class Chunk(_message.Message):
    __slots__ = ("offset", "data")
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    offset: int
    data: bytes
    def __init__(self, offset: _Optional[int] = ..., data: _Optional[bytes] = ...) -> None: ...

class Lost(_message.Message):
    __slots__ = ("begin", "end")
    BEGIN_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    begin: int
    end: int
    def __init__(self, begin: _Optional[int] = ..., end: _Optional[int] = ...) -> None: ...

class Ended(_message.Message):
    __slots__ = ("job", "offset")
    JOB_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    job: Job
    offset: int
    def __init__(self, job: _Optional[_Union[Job, _Mapping]] = ..., offset: _Optional[int] = ...) -> None: ...

class Detached(_message.Message):
    __slots__ = ("reason", "offset")
    class Reason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        REASON_UNSPECIFIED: _ClassVar[Detached.Reason]
        REASON_REQUESTED: _ClassVar[Detached.Reason]
        REASON_UNAVAILABLE: _ClassVar[Detached.Reason]
        REASON_CERTIFICATE: _ClassVar[Detached.Reason]
        REASON_END_OF_RECALL: _ClassVar[Detached.Reason]
    REASON_UNSPECIFIED: Detached.Reason
    REASON_REQUESTED: Detached.Reason
    REASON_UNAVAILABLE: Detached.Reason
    REASON_CERTIFICATE: Detached.Reason
    REASON_END_OF_RECALL: Detached.Reason
    REASON_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    reason: Detached.Reason
    offset: int
    def __init__(self, reason: _Optional[_Union[Detached.Reason, str]] = ..., offset: _Optional[int] = ...) -> None: ...

class DetachJobRequest(_message.Message):
    __slots__ = ("job",)
    JOB_FIELD_NUMBER: _ClassVar[int]
    job: str
    def __init__(self, job: _Optional[str] = ...) -> None: ...

class DetachJobResponse(_message.Message):
    __slots__ = ("streams",)
    STREAMS_FIELD_NUMBER: _ClassVar[int]
    streams: int
    def __init__(self, streams: _Optional[int] = ...) -> None: ...
