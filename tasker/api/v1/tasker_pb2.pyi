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
    JOB_STATE_PAUSED: _ClassVar[JobState]
JOB_STATE_UNSPECIFIED: JobState
JOB_STATE_STARTING: JobState
JOB_STATE_RUNNING: JobState
JOB_STATE_STOPPING: JobState
JOB_STATE_ENDING: JobState
JOB_STATE_ENDED: JobState
JOB_STATE_PAUSED: JobState

class JobSpec(_message.Message):
    __slots__ = ("argv", "working_directory", "environment", "name", "user", "limits", "grace", "linger", "nice")
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
    GRACE_FIELD_NUMBER: _ClassVar[int]
    LINGER_FIELD_NUMBER: _ClassVar[int]
    NICE_FIELD_NUMBER: _ClassVar[int]
    argv: _containers.RepeatedScalarFieldContainer[bytes]
    working_directory: str
    environment: _containers.ScalarMap[str, bytes]
    name: str
    user: str
    limits: Limits
    grace: _duration_pb2.Duration
    linger: _duration_pb2.Duration
    nice: int
    def __init__(self, argv: _Optional[_Iterable[bytes]] = ..., working_directory: _Optional[str] = ..., environment: _Optional[_Mapping[str, bytes]] = ..., name: _Optional[str] = ..., user: _Optional[str] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., grace: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., linger: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., nice: _Optional[int] = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("cpu", "cpu_weight", "memory", "memory_high", "memory_swap", "tasks", "io", "io_weight", "run_time", "cpu_list")
    CPU_FIELD_NUMBER: _ClassVar[int]
    CPU_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    MEMORY_FIELD_NUMBER: _ClassVar[int]
    MEMORY_HIGH_FIELD_NUMBER: _ClassVar[int]
    MEMORY_SWAP_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    IO_FIELD_NUMBER: _ClassVar[int]
    IO_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    RUN_TIME_FIELD_NUMBER: _ClassVar[int]
    CPU_LIST_FIELD_NUMBER: _ClassVar[int]
    cpu: float
    cpu_weight: int
    memory: int
    memory_high: int
    memory_swap: int
    tasks: int
    io: _containers.RepeatedCompositeFieldContainer[IoLimit]
    io_weight: int
    run_time: _duration_pb2.Duration
    cpu_list: str
    def __init__(self, cpu: _Optional[float] = ..., cpu_weight: _Optional[int] = ..., memory: _Optional[int] = ..., memory_high: _Optional[int] = ..., memory_swap: _Optional[int] = ..., tasks: _Optional[int] = ..., io: _Optional[_Iterable[_Union[IoLimit, _Mapping]]] = ..., io_weight: _Optional[int] = ..., run_time: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., cpu_list: _Optional[str] = ...) -> None: ...

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

class Disk(_message.Message):
    __slots__ = ("path", "mount_point", "name", "number")
    PATH_FIELD_NUMBER: _ClassVar[int]
    MOUNT_POINT_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    path: str
    mount_point: str
    name: str
    number: str
    def __init__(self, path: _Optional[str] = ..., mount_point: _Optional[str] = ..., name: _Optional[str] = ..., number: _Optional[str] = ...) -> None: ...

class Outcome(_message.Message):
    __slots__ = ("kind", "exit_code", "signal", "core_dumped", "stopped_by", "killed", "summary", "verdict")
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
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    kind: Outcome.Kind
    exit_code: int
    signal: int
    core_dumped: bool
    stopped_by: str
    killed: bool
    summary: str
    verdict: str
    def __init__(self, kind: _Optional[_Union[Outcome.Kind, str]] = ..., exit_code: _Optional[int] = ..., signal: _Optional[int] = ..., core_dumped: _Optional[bool] = ..., stopped_by: _Optional[str] = ..., killed: _Optional[bool] = ..., summary: _Optional[str] = ..., verdict: _Optional[str] = ...) -> None: ...

class Usage(_message.Message):
    __slots__ = ("time", "cpu_time", "cpu_rate", "periods", "throttled_periods", "throttled_time", "memory", "memory_peak", "swap", "memory_limit_hits", "oom_kills", "io_read", "io_write", "io_read_rate", "io_write_rate", "tasks", "cpu_pressure", "memory_pressure", "io_pressure", "task_limit_hits", "memory_high_hits")
    TIME_FIELD_NUMBER: _ClassVar[int]
    CPU_TIME_FIELD_NUMBER: _ClassVar[int]
    CPU_RATE_FIELD_NUMBER: _ClassVar[int]
    PERIODS_FIELD_NUMBER: _ClassVar[int]
    THROTTLED_PERIODS_FIELD_NUMBER: _ClassVar[int]
    THROTTLED_TIME_FIELD_NUMBER: _ClassVar[int]
    MEMORY_FIELD_NUMBER: _ClassVar[int]
    MEMORY_PEAK_FIELD_NUMBER: _ClassVar[int]
    SWAP_FIELD_NUMBER: _ClassVar[int]
    MEMORY_LIMIT_HITS_FIELD_NUMBER: _ClassVar[int]
    OOM_KILLS_FIELD_NUMBER: _ClassVar[int]
    IO_READ_FIELD_NUMBER: _ClassVar[int]
    IO_WRITE_FIELD_NUMBER: _ClassVar[int]
    IO_READ_RATE_FIELD_NUMBER: _ClassVar[int]
    IO_WRITE_RATE_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    CPU_PRESSURE_FIELD_NUMBER: _ClassVar[int]
    MEMORY_PRESSURE_FIELD_NUMBER: _ClassVar[int]
    IO_PRESSURE_FIELD_NUMBER: _ClassVar[int]
    TASK_LIMIT_HITS_FIELD_NUMBER: _ClassVar[int]
    MEMORY_HIGH_HITS_FIELD_NUMBER: _ClassVar[int]
    time: _timestamp_pb2.Timestamp
    cpu_time: _duration_pb2.Duration
    cpu_rate: float
    periods: int
    throttled_periods: int
    throttled_time: _duration_pb2.Duration
    memory: int
    memory_peak: int
    swap: int
    memory_limit_hits: int
    oom_kills: int
    io_read: int
    io_write: int
    io_read_rate: float
    io_write_rate: float
    tasks: int
    cpu_pressure: Pressure
    memory_pressure: Pressure
    io_pressure: Pressure
    task_limit_hits: int
    memory_high_hits: int
    def __init__(self, time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cpu_time: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., cpu_rate: _Optional[float] = ..., periods: _Optional[int] = ..., throttled_periods: _Optional[int] = ..., throttled_time: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., memory: _Optional[int] = ..., memory_peak: _Optional[int] = ..., swap: _Optional[int] = ..., memory_limit_hits: _Optional[int] = ..., oom_kills: _Optional[int] = ..., io_read: _Optional[int] = ..., io_write: _Optional[int] = ..., io_read_rate: _Optional[float] = ..., io_write_rate: _Optional[float] = ..., tasks: _Optional[int] = ..., cpu_pressure: _Optional[_Union[Pressure, _Mapping]] = ..., memory_pressure: _Optional[_Union[Pressure, _Mapping]] = ..., io_pressure: _Optional[_Union[Pressure, _Mapping]] = ..., task_limit_hits: _Optional[int] = ..., memory_high_hits: _Optional[int] = ...) -> None: ...

class Pressure(_message.Message):
    __slots__ = ("some", "full", "total")
    SOME_FIELD_NUMBER: _ClassVar[int]
    FULL_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    some: float
    full: float
    total: _duration_pb2.Duration
    def __init__(self, some: _Optional[float] = ..., full: _Optional[float] = ..., total: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class Job(_message.Message):
    __slots__ = ("id", "owner", "spec", "unit", "slice", "user", "uid", "state", "created", "started", "ended", "outcome", "pid", "limits", "in_force", "differing", "usage", "printed", "followers", "archived", "revision", "stopping_by", "elapsed", "since_end", "exited", "lingers_until", "lingers_for", "left_behind", "paused", "lingering", "disks", "ring", "ring_asked")
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
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    IN_FORCE_FIELD_NUMBER: _ClassVar[int]
    DIFFERING_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    PRINTED_FIELD_NUMBER: _ClassVar[int]
    FOLLOWERS_FIELD_NUMBER: _ClassVar[int]
    ARCHIVED_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    STOPPING_BY_FIELD_NUMBER: _ClassVar[int]
    ELAPSED_FIELD_NUMBER: _ClassVar[int]
    SINCE_END_FIELD_NUMBER: _ClassVar[int]
    EXITED_FIELD_NUMBER: _ClassVar[int]
    LINGERS_UNTIL_FIELD_NUMBER: _ClassVar[int]
    LINGERS_FOR_FIELD_NUMBER: _ClassVar[int]
    LEFT_BEHIND_FIELD_NUMBER: _ClassVar[int]
    PAUSED_FIELD_NUMBER: _ClassVar[int]
    LINGERING_FIELD_NUMBER: _ClassVar[int]
    DISKS_FIELD_NUMBER: _ClassVar[int]
    RING_FIELD_NUMBER: _ClassVar[int]
    RING_ASKED_FIELD_NUMBER: _ClassVar[int]
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
    limits: Limits
    in_force: Limits
    differing: _containers.RepeatedScalarFieldContainer[str]
    usage: Usage
    printed: int
    followers: int
    archived: bool
    revision: int
    stopping_by: str
    elapsed: _duration_pb2.Duration
    since_end: _duration_pb2.Duration
    exited: _timestamp_pb2.Timestamp
    lingers_until: _timestamp_pb2.Timestamp
    lingers_for: _duration_pb2.Duration
    left_behind: int
    paused: bool
    lingering: bool
    disks: _containers.RepeatedCompositeFieldContainer[Disk]
    ring: int
    ring_asked: int
    def __init__(self, id: _Optional[str] = ..., owner: _Optional[str] = ..., spec: _Optional[_Union[JobSpec, _Mapping]] = ..., unit: _Optional[str] = ..., slice: _Optional[str] = ..., user: _Optional[str] = ..., uid: _Optional[int] = ..., state: _Optional[_Union[JobState, str]] = ..., created: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., started: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ended: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., outcome: _Optional[_Union[Outcome, _Mapping]] = ..., pid: _Optional[int] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., in_force: _Optional[_Union[Limits, _Mapping]] = ..., differing: _Optional[_Iterable[str]] = ..., usage: _Optional[_Union[Usage, _Mapping]] = ..., printed: _Optional[int] = ..., followers: _Optional[int] = ..., archived: _Optional[bool] = ..., revision: _Optional[int] = ..., stopping_by: _Optional[str] = ..., elapsed: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., since_end: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., exited: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., lingers_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., lingers_for: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., left_behind: _Optional[int] = ..., paused: _Optional[bool] = ..., lingering: _Optional[bool] = ..., disks: _Optional[_Iterable[_Union[Disk, _Mapping]]] = ..., ring: _Optional[int] = ..., ring_asked: _Optional[int] = ...) -> None: ...

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
    __slots__ = ("owner", "running", "page_token", "archived")
    OWNER_FIELD_NUMBER: _ClassVar[int]
    RUNNING_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ARCHIVED_FIELD_NUMBER: _ClassVar[int]
    owner: str
    running: bool
    page_token: str
    archived: bool
    def __init__(self, owner: _Optional[str] = ..., running: _Optional[bool] = ..., page_token: _Optional[str] = ..., archived: _Optional[bool] = ...) -> None: ...

class ListJobsResponse(_message.Message):
    __slots__ = ("jobs", "next_page_token")
    JOBS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    jobs: _containers.RepeatedCompositeFieldContainer[Job]
    next_page_token: str
    def __init__(self, jobs: _Optional[_Iterable[_Union[Job, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class AttachJobRequest(_message.Message):
    __slots__ = ("job", "offset", "last_bytes", "last_lines", "last_time", "follow", "timestamps")
    JOB_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    LAST_BYTES_FIELD_NUMBER: _ClassVar[int]
    LAST_LINES_FIELD_NUMBER: _ClassVar[int]
    LAST_TIME_FIELD_NUMBER: _ClassVar[int]
    FOLLOW_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMPS_FIELD_NUMBER: _ClassVar[int]
    job: str
    offset: int
    last_bytes: int
    last_lines: int
    last_time: _duration_pb2.Duration
    follow: bool
    timestamps: bool
    def __init__(self, job: _Optional[str] = ..., offset: _Optional[int] = ..., last_bytes: _Optional[int] = ..., last_lines: _Optional[int] = ..., last_time: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., follow: _Optional[bool] = ..., timestamps: _Optional[bool] = ...) -> None: ...

class AttachJobResponse(_message.Message):
    __slots__ = ("chunk", "lost", "ended", "detached", "attached", "exited")
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    LOST_FIELD_NUMBER: _ClassVar[int]
    ENDED_FIELD_NUMBER: _ClassVar[int]
    DETACHED_FIELD_NUMBER: _ClassVar[int]
    ATTACHED_FIELD_NUMBER: _ClassVar[int]
    EXITED_FIELD_NUMBER: _ClassVar[int]
    chunk: Chunk
    lost: Lost
    ended: Ended
    detached: Detached
    attached: Attached
    exited: Exited
    def __init__(self, chunk: _Optional[_Union[Chunk, _Mapping]] = ..., lost: _Optional[_Union[Lost, _Mapping]] = ..., ended: _Optional[_Union[Ended, _Mapping]] = ..., detached: _Optional[_Union[Detached, _Mapping]] = ..., attached: _Optional[_Union[Attached, _Mapping]] = ..., exited: _Optional[_Union[Exited, _Mapping]] = ...) -> None: ...

class Attached(_message.Message):
    __slots__ = ("job", "offset")
    JOB_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    job: Job
    offset: int
    def __init__(self, job: _Optional[_Union[Job, _Mapping]] = ..., offset: _Optional[int] = ...) -> None: ...

class Chunk(_message.Message):
    __slots__ = ("offset", "data", "time")
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    offset: int
    data: bytes
    time: _timestamp_pb2.Timestamp
    def __init__(self, offset: _Optional[int] = ..., data: _Optional[bytes] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

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

class Exited(_message.Message):
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

class WaitJobRequest(_message.Message):
    __slots__ = ("job",)
    JOB_FIELD_NUMBER: _ClassVar[int]
    job: str
    def __init__(self, job: _Optional[str] = ...) -> None: ...

class WaitJobResponse(_message.Message):
    __slots__ = ("job",)
    JOB_FIELD_NUMBER: _ClassVar[int]
    job: Job
    def __init__(self, job: _Optional[_Union[Job, _Mapping]] = ...) -> None: ...

class LimitJobRequest(_message.Message):
    __slots__ = ("job", "limits", "lift")
    JOB_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    LIFT_FIELD_NUMBER: _ClassVar[int]
    job: str
    limits: Limits
    lift: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, job: _Optional[str] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., lift: _Optional[_Iterable[str]] = ...) -> None: ...

class LimitJobResponse(_message.Message):
    __slots__ = ("job",)
    JOB_FIELD_NUMBER: _ClassVar[int]
    job: Job
    def __init__(self, job: _Optional[_Union[Job, _Mapping]] = ...) -> None: ...

class SignalJobRequest(_message.Message):
    __slots__ = ("job", "signal")
    JOB_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    job: str
    signal: int
    def __init__(self, job: _Optional[str] = ..., signal: _Optional[int] = ...) -> None: ...

class SignalJobResponse(_message.Message):
    __slots__ = ("job",)
    JOB_FIELD_NUMBER: _ClassVar[int]
    job: Job
    def __init__(self, job: _Optional[_Union[Job, _Mapping]] = ...) -> None: ...

class PauseJobRequest(_message.Message):
    __slots__ = ("job",)
    JOB_FIELD_NUMBER: _ClassVar[int]
    job: str
    def __init__(self, job: _Optional[str] = ...) -> None: ...

class PauseJobResponse(_message.Message):
    __slots__ = ("job",)
    JOB_FIELD_NUMBER: _ClassVar[int]
    job: Job
    def __init__(self, job: _Optional[_Union[Job, _Mapping]] = ...) -> None: ...

class ResumeJobRequest(_message.Message):
    __slots__ = ("job",)
    JOB_FIELD_NUMBER: _ClassVar[int]
    job: str
    def __init__(self, job: _Optional[str] = ...) -> None: ...

class ResumeJobResponse(_message.Message):
    __slots__ = ("job",)
    JOB_FIELD_NUMBER: _ClassVar[int]
    job: Job
    def __init__(self, job: _Optional[_Union[Job, _Mapping]] = ...) -> None: ...

class ArchiveJobRequest(_message.Message):
    __slots__ = ("job",)
    JOB_FIELD_NUMBER: _ClassVar[int]
    job: str
    def __init__(self, job: _Optional[str] = ...) -> None: ...

class ArchiveJobResponse(_message.Message):
    __slots__ = ("job",)
    JOB_FIELD_NUMBER: _ClassVar[int]
    job: Job
    def __init__(self, job: _Optional[_Union[Job, _Mapping]] = ...) -> None: ...

class WatchJobsRequest(_message.Message):
    __slots__ = ("job", "owner", "usage")
    JOB_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    job: str
    owner: str
    usage: bool
    def __init__(self, job: _Optional[str] = ..., owner: _Optional[str] = ..., usage: _Optional[bool] = ...) -> None: ...

class WatchJobsResponse(_message.Message):
    __slots__ = ("snapshot", "changed", "forgotten", "usage")
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    FORGOTTEN_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    snapshot: Snapshot
    changed: Job
    forgotten: str
    usage: UsageSample
    def __init__(self, snapshot: _Optional[_Union[Snapshot, _Mapping]] = ..., changed: _Optional[_Union[Job, _Mapping]] = ..., forgotten: _Optional[str] = ..., usage: _Optional[_Union[UsageSample, _Mapping]] = ...) -> None: ...

class Snapshot(_message.Message):
    __slots__ = ("jobs", "first", "last")
    JOBS_FIELD_NUMBER: _ClassVar[int]
    FIRST_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    jobs: _containers.RepeatedCompositeFieldContainer[Job]
    first: bool
    last: bool
    def __init__(self, jobs: _Optional[_Iterable[_Union[Job, _Mapping]]] = ..., first: _Optional[bool] = ..., last: _Optional[bool] = ...) -> None: ...

class UsageSample(_message.Message):
    __slots__ = ("usages",)
    USAGES_FIELD_NUMBER: _ClassVar[int]
    usages: _containers.RepeatedCompositeFieldContainer[JobUsage]
    def __init__(self, usages: _Optional[_Iterable[_Union[JobUsage, _Mapping]]] = ...) -> None: ...

class JobUsage(_message.Message):
    __slots__ = ("job", "usage")
    JOB_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    job: str
    usage: Usage
    def __init__(self, job: _Optional[str] = ..., usage: _Optional[_Union[Usage, _Mapping]] = ...) -> None: ...

class GetInfoRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetInfoResponse(_message.Message):
    __slots__ = ("version", "hostname", "time", "contact", "user", "role", "serial", "not_after", "running", "most_running", "owner", "use", "defaults", "maxima", "total", "total_running", "most_total_running", "ring", "rings", "most_rings", "total_rings", "most_total_rings", "streams", "streams_per_user", "starts_burst", "starts_rate")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    HOSTNAME_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    CONTACT_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    NOT_AFTER_FIELD_NUMBER: _ClassVar[int]
    RUNNING_FIELD_NUMBER: _ClassVar[int]
    MOST_RUNNING_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    USE_FIELD_NUMBER: _ClassVar[int]
    DEFAULTS_FIELD_NUMBER: _ClassVar[int]
    MAXIMA_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    TOTAL_RUNNING_FIELD_NUMBER: _ClassVar[int]
    MOST_TOTAL_RUNNING_FIELD_NUMBER: _ClassVar[int]
    RING_FIELD_NUMBER: _ClassVar[int]
    RINGS_FIELD_NUMBER: _ClassVar[int]
    MOST_RINGS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_RINGS_FIELD_NUMBER: _ClassVar[int]
    MOST_TOTAL_RINGS_FIELD_NUMBER: _ClassVar[int]
    STREAMS_FIELD_NUMBER: _ClassVar[int]
    STREAMS_PER_USER_FIELD_NUMBER: _ClassVar[int]
    STARTS_BURST_FIELD_NUMBER: _ClassVar[int]
    STARTS_RATE_FIELD_NUMBER: _ClassVar[int]
    version: str
    hostname: str
    time: _timestamp_pb2.Timestamp
    contact: str
    user: str
    role: str
    serial: str
    not_after: _timestamp_pb2.Timestamp
    running: int
    most_running: int
    owner: Limits
    use: Usage
    defaults: Limits
    maxima: Limits
    total: Limits
    total_running: int
    most_total_running: int
    ring: int
    rings: int
    most_rings: int
    total_rings: int
    most_total_rings: int
    streams: int
    streams_per_user: int
    starts_burst: int
    starts_rate: float
    def __init__(self, version: _Optional[str] = ..., hostname: _Optional[str] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., contact: _Optional[str] = ..., user: _Optional[str] = ..., role: _Optional[str] = ..., serial: _Optional[str] = ..., not_after: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., running: _Optional[int] = ..., most_running: _Optional[int] = ..., owner: _Optional[_Union[Limits, _Mapping]] = ..., use: _Optional[_Union[Usage, _Mapping]] = ..., defaults: _Optional[_Union[Limits, _Mapping]] = ..., maxima: _Optional[_Union[Limits, _Mapping]] = ..., total: _Optional[_Union[Limits, _Mapping]] = ..., total_running: _Optional[int] = ..., most_total_running: _Optional[int] = ..., ring: _Optional[int] = ..., rings: _Optional[int] = ..., most_rings: _Optional[int] = ..., total_rings: _Optional[int] = ..., most_total_rings: _Optional[int] = ..., streams: _Optional[int] = ..., streams_per_user: _Optional[int] = ..., starts_burst: _Optional[int] = ..., starts_rate: _Optional[float] = ...) -> None: ...
