#compdef tasker
# zsh completion for tasker, made by: tasker completion zsh

_tasker_at_tasker() {
    local curcontext=$curcontext state line
    typeset -A opt_args
    _arguments -C -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--version[show program'\''s version number and exit]' \
        '*--json[print JSON for programs]' \
        '*--context=[a configured context (see tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[address of the service]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[key of your certificate; FILE.key beside FILE.crt by default]:FILE:_files' \
        '1:verb:->verb' \
        '*::argument:->rest' && return
    case $state in
        verb)
            local -a verbs=(
                'start:start a job and print its id'
                'run:start a job, show its output, exit with its exit code'
                'stop:stop jobs: SIGTERM, a grace period, SIGKILL'
                'pause:freeze all processes of jobs'
                'resume:let paused jobs continue'
                'signal:send a signal to jobs'
                'limit:change the limits of a running job'
                'wait:wait until jobs have ended'
                'attach:show a job'\''s output from its start and follow it'
                'logs:show a job'\''s output so far'
                'detach:close your own attach streams on a job, in every terminal'
                'get:show everything about a job'
                'list:list jobs'
                'ls:list jobs'
                'ps:list jobs'
                'top:show what running jobs use, live'
                'watch:show changes of jobs as they happen'
                'archive:move the output of ended jobs from memory to disk'
                'info:show the service, your identity there, and your quotas'
                'doctor:find problems on this machine and say how to fix them'
                'context:manage addresses and certificates of several machines'
                'completion:print the completion script for a shell'
                'certs:make and show certificates'
            )
            _describe verb verbs
            ;;
        rest)
            case $line[1] in
                start) _tasker_at_tasker_start ;;
                run) _tasker_at_tasker_run ;;
                stop) _tasker_at_tasker_stop ;;
                pause) _tasker_at_tasker_pause ;;
                resume) _tasker_at_tasker_resume ;;
                signal) _tasker_at_tasker_signal ;;
                limit) _tasker_at_tasker_limit ;;
                wait) _tasker_at_tasker_wait ;;
                attach) _tasker_at_tasker_attach ;;
                logs) _tasker_at_tasker_logs ;;
                detach) _tasker_at_tasker_detach ;;
                get) _tasker_at_tasker_get ;;
                list) _tasker_at_tasker_list ;;
                ls) _tasker_at_tasker_ls ;;
                ps) _tasker_at_tasker_ps ;;
                top) _tasker_at_tasker_top ;;
                watch) _tasker_at_tasker_watch ;;
                archive) _tasker_at_tasker_archive ;;
                info) _tasker_at_tasker_info ;;
                doctor) _tasker_at_tasker_doctor ;;
                context) _tasker_at_tasker_context ;;
                completion) _tasker_at_tasker_completion ;;
                certs) _tasker_at_tasker_certs ;;
            esac
            ;;
    esac
}

_tasker_at_tasker_start() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--name=[a label for people]:name: ' \
        '*'{-C,--cwd=}'[working directory, relative to your current directory; by default the account'\''s home directory]:DIR:_files -/' \
        '*'{-e,--env=}'[set the environment variable K to V, by default to its value here]:K\[=V\]: ' \
        '*--user=[local account of the job (for admins, if \[jobs\] as_others is true)]:ACCOUNT: ' \
        '*--grace=[time between SIGTERM and SIGKILL, by default that of the service (10s)]:TIME: ' \
        '*--linger=[how long processes that the command leaves behind may run while one of them holds the output (1s if none does), or forever; 5s as shipped]:TIME: ' \
        '*--nice=[nice value, 0 to 19 (admins\: from -20); it affects only processes within the job; between jobs, use --cpu-weight]:N: ' \
        '*--cpu=[CPU limit in cores, e.g. 0.5]:CORES: ' \
        '*--cpu-weight=[share of the CPU when it is scarce; 100 by default]:N: ' \
        '*--memory=[memory limit; the job is killed above it]:SIZE: ' \
        '*--memory-high=[memory limit; the job is slowed down above it]:SIZE: ' \
        '*--memory-swap=[swap limit; refused if \[total\] or \[owner\] limits memory; 0 by default with --memory]:SIZE: ' \
        '*--tasks=[limit on processes and threads]:N: ' \
        '*--io-weight=[share of the disk when it is scarce; 100 by default]:N: ' \
        '*--time=[maximum run time]:TIME: ' \
        '*--cpu-list=[CPUs that the job may run on, e.g. 0-3,8]:LIST: ' \
        '*--io-read=[bytes per second read from the disk under PATH; may be repeated]:PATH=RATE:_files' \
        '*--io-write=[bytes per second written to the disk under PATH; may be repeated]:PATH=RATE:_files' \
        '*--io-read-iops=[reads per second from the disk under PATH; may be repeated]:PATH=N:_files' \
        '*--io-write-iops=[writes per second to the disk under PATH; may be repeated]:PATH=N:_files' \
        '*--json[print JSON for programs]' \
        '*--context=[a configured context (see tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[address of the service]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[key of your certificate; FILE.key beside FILE.crt by default]:FILE:_files' \
        '*:::command:_normal'
}

_tasker_at_tasker_run() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--name=[a label for people]:name: ' \
        '*'{-C,--cwd=}'[working directory, relative to your current directory; by default the account'\''s home directory]:DIR:_files -/' \
        '*'{-e,--env=}'[set the environment variable K to V, by default to its value here]:K\[=V\]: ' \
        '*--user=[local account of the job (for admins, if \[jobs\] as_others is true)]:ACCOUNT: ' \
        '*--grace=[time between SIGTERM and SIGKILL, by default that of the service (10s)]:TIME: ' \
        '*--linger=[how long processes that the command leaves behind may run while one of them holds the output (1s if none does), or forever; 5s as shipped]:TIME: ' \
        '*--nice=[nice value, 0 to 19 (admins\: from -20); it affects only processes within the job; between jobs, use --cpu-weight]:N: ' \
        '*--cpu=[CPU limit in cores, e.g. 0.5]:CORES: ' \
        '*--cpu-weight=[share of the CPU when it is scarce; 100 by default]:N: ' \
        '*--memory=[memory limit; the job is killed above it]:SIZE: ' \
        '*--memory-high=[memory limit; the job is slowed down above it]:SIZE: ' \
        '*--memory-swap=[swap limit; refused if \[total\] or \[owner\] limits memory; 0 by default with --memory]:SIZE: ' \
        '*--tasks=[limit on processes and threads]:N: ' \
        '*--io-weight=[share of the disk when it is scarce; 100 by default]:N: ' \
        '*--time=[maximum run time]:TIME: ' \
        '*--cpu-list=[CPUs that the job may run on, e.g. 0-3,8]:LIST: ' \
        '*--io-read=[bytes per second read from the disk under PATH; may be repeated]:PATH=RATE:_files' \
        '*--io-write=[bytes per second written to the disk under PATH; may be repeated]:PATH=RATE:_files' \
        '*--io-read-iops=[reads per second from the disk under PATH; may be repeated]:PATH=N:_files' \
        '*--io-write-iops=[writes per second to the disk under PATH; may be repeated]:PATH=N:_files' \
        '*--no-footer[show only the job'\''s output]' \
        '*--raw[let the job control the terminal; no footer]' \
        '*--reconnect=[how long to try to reconnect after a broken connection; 0\: never; 1m by default]:TIME: ' \
        '*'{-t,--timestamps}'[show the time when each line was received]' \
        '*--json[print JSON for programs]' \
        '*--context=[a configured context (see tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[address of the service]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[key of your certificate; FILE.key beside FILE.crt by default]:FILE:_files' \
        '*:::command:_normal'
}

_tasker_at_tasker_stop() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--grace=[time between SIGTERM and SIGKILL; the job'\''s own by default, 0 kills at once]:TIME: ' \
        '*--json[print JSON for programs]' \
        '*--context=[a configured context (see tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[address of the service]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[key of your certificate; FILE.key beside FILE.crt by default]:FILE:_files' \
        '*:running: _tasker_candidates running'
}

_tasker_at_tasker_pause() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--json[print JSON for programs]' \
        '*--context=[a configured context (see tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[address of the service]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[key of your certificate; FILE.key beside FILE.crt by default]:FILE:_files' \
        '*:running: _tasker_candidates running'
}

_tasker_at_tasker_resume() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--json[print JSON for programs]' \
        '*--context=[a configured context (see tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[address of the service]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[key of your certificate; FILE.key beside FILE.crt by default]:FILE:_files' \
        '*:running: _tasker_candidates running'
}

_tasker_at_tasker_signal() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--json[print JSON for programs]' \
        '*--context=[a configured context (see tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[address of the service]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[key of your certificate; FILE.key beside FILE.crt by default]:FILE:_files' \
        '*:target: _tasker_targets'
}

_tasker_at_tasker_limit() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--cpu=[CPU limit in cores, e.g. 0.5]:CORES: ' \
        '*--cpu-weight=[share of the CPU when it is scarce; 100 by default]:N: ' \
        '*--memory=[memory limit; the job is killed above it]:SIZE: ' \
        '*--memory-high=[memory limit; the job is slowed down above it]:SIZE: ' \
        '*--memory-swap=[swap limit; refused if \[total\] or \[owner\] limits memory; 0 by default with --memory]:SIZE: ' \
        '*--tasks=[limit on processes and threads]:N: ' \
        '*--io-weight=[share of the disk when it is scarce; 100 by default]:N: ' \
        '*--time=[maximum run time]:TIME: ' \
        '*--cpu-list=[CPUs that the job may run on, e.g. 0-3,8]:LIST: ' \
        '*--io-read=[bytes per second read from the disk under PATH; may be repeated]:PATH=RATE:_files' \
        '*--io-write=[bytes per second written to the disk under PATH; may be repeated]:PATH=RATE:_files' \
        '*--io-read-iops=[reads per second from the disk under PATH; may be repeated]:PATH=N:_files' \
        '*--io-write-iops=[writes per second to the disk under PATH; may be repeated]:PATH=N:_files' \
        '*--json[print JSON for programs]' \
        '*--context=[a configured context (see tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[address of the service]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[key of your certificate; FILE.key beside FILE.crt by default]:FILE:_files' \
        '1:running: _tasker_candidates running'
}

_tasker_at_tasker_wait() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--any[return when the first of them has ended]' \
        '*--timeout=[give up after TIME; the jobs keep running]:TIME: ' \
        '*--json[print JSON for programs]' \
        '*--context=[a configured context (see tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[address of the service]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[key of your certificate; FILE.key beside FILE.crt by default]:FILE:_files' \
        '*:job: _tasker_candidates job'
}

_tasker_at_tasker_attach() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--from-start[all output that is still kept (the default)]' \
        '*--offset=[output from byte N, counted from 0]:N: ' \
        '*--tail=[the last N lines; 0\: only new output]:N|all: ' \
        '*--bytes=[the last N bytes]:N: ' \
        '*--since=[output of the last TIME, e.g. 5m]:TIME: ' \
        '*'{-f,--follow}'[show new output as it comes (the default)]' \
        '*--no-follow[exit after the output so far]' \
        '*--output=[write the output to a new file, byte for byte]:FILE:_files' \
        '*--force[overwrite FILE]' \
        '*--no-footer[show only the job'\''s output]' \
        '*--raw[let the job control the terminal; no footer]' \
        '*--reconnect=[how long to try to reconnect after a broken connection; 0\: never; 1m by default]:TIME: ' \
        '*'{-t,--timestamps}'[show the time when each line was received]' \
        '*--json[print JSON for programs]' \
        '*--context=[a configured context (see tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[address of the service]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[key of your certificate; FILE.key beside FILE.crt by default]:FILE:_files' \
        '1:job: _tasker_candidates job'
}

_tasker_at_tasker_logs() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--from-start[all output that is still kept (the default)]' \
        '*--offset=[output from byte N, counted from 0]:N: ' \
        '*--tail=[the last N lines; 0\: only new output]:N|all: ' \
        '*--bytes=[the last N bytes]:N: ' \
        '*--since=[output of the last TIME, e.g. 5m]:TIME: ' \
        '*'{-f,--follow}'[show new output as it comes]' \
        '*--no-follow[exit after the output so far (the default)]' \
        '*--output=[write the output to a new file, byte for byte]:FILE:_files' \
        '*--force[overwrite FILE]' \
        '*--no-footer[show only the job'\''s output]' \
        '*--raw[let the job control the terminal; no footer]' \
        '*--reconnect=[how long to try to reconnect after a broken connection; 0\: never; 1m by default]:TIME: ' \
        '*'{-t,--timestamps}'[show the time when each line was received]' \
        '*--json[print JSON for programs]' \
        '*--context=[a configured context (see tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[address of the service]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[key of your certificate; FILE.key beside FILE.crt by default]:FILE:_files' \
        '1:job: _tasker_candidates job'
}

_tasker_at_tasker_detach() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--json[print JSON for programs]' \
        '*--context=[a configured context (see tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[address of the service]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[key of your certificate; FILE.key beside FILE.crt by default]:FILE:_files' \
        '1:running: _tasker_candidates running'
}

_tasker_at_tasker_get() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--json[print JSON for programs]' \
        '*--context=[a configured context (see tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[address of the service]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[key of your certificate; FILE.key beside FILE.crt by default]:FILE:_files' \
        '1:job: _tasker_candidates job'
}

_tasker_at_tasker_list() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--mine[only your own jobs]' \
        '*--owner=[only jobs of this owner]:NAME: ' \
        '*'{-r,--running}'[only jobs that have not ended]' \
        '*--archived[only jobs whose output is on disk (see tasker archive)]' \
        '*'{-w,--wide}'[more columns, none cut off]' \
        '*--all-contexts[query the machines of all contexts]' \
        '*--json[print JSON for programs]' \
        '*--context=[a configured context (see tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[address of the service]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[key of your certificate; FILE.key beside FILE.crt by default]:FILE:_files'
}

_tasker_at_tasker_ls() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--mine[only your own jobs]' \
        '*--owner=[only jobs of this owner]:NAME: ' \
        '*'{-r,--running}'[only jobs that have not ended]' \
        '*--archived[only jobs whose output is on disk (see tasker archive)]' \
        '*'{-w,--wide}'[more columns, none cut off]' \
        '*--all-contexts[query the machines of all contexts]' \
        '*--json[print JSON for programs]' \
        '*--context=[a configured context (see tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[address of the service]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[key of your certificate; FILE.key beside FILE.crt by default]:FILE:_files'
}

_tasker_at_tasker_ps() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--mine[only your own jobs]' \
        '*--owner=[only jobs of this owner]:NAME: ' \
        '*'{-r,--running}'[only jobs that have not ended]' \
        '*--archived[only jobs whose output is on disk (see tasker archive)]' \
        '*'{-w,--wide}'[more columns, none cut off]' \
        '*--all-contexts[query the machines of all contexts]' \
        '*--json[print JSON for programs]' \
        '*--context=[a configured context (see tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[address of the service]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[key of your certificate; FILE.key beside FILE.crt by default]:FILE:_files'
}

_tasker_at_tasker_top() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--mine[only your own jobs]' \
        '*--owner=[only jobs of this owner]:NAME: ' \
        '*--sort=[cpu, memory, io, tasks, elapsed, id, name, owner; cpu by default]:BY:(cpu memory io tasks elapsed id name owner)' \
        '*--once[print one table and exit]' \
        '*--all-contexts[query the machines of all contexts]' \
        '*--json[print JSON for programs]' \
        '*--context=[a configured context (see tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[address of the service]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[key of your certificate; FILE.key beside FILE.crt by default]:FILE:_files'
}

_tasker_at_tasker_watch() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--mine[only your own jobs]' \
        '*--owner=[only jobs of this owner]:NAME: ' \
        '*--usage[with --json, also what running jobs use, once a second]' \
        '*--json[print JSON for programs]' \
        '*--context=[a configured context (see tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[address of the service]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[key of your certificate; FILE.key beside FILE.crt by default]:FILE:_files' \
        '1:job: _tasker_candidates job'
}

_tasker_at_tasker_archive() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--ended[all ended jobs, by default only your own]' \
        '*--older-than=[only jobs that ended at least TIME ago; implies --ended]:TIME: ' \
        '*--owner=[jobs of this owner (for admins)]:NAME: ' \
        '*--all[jobs of all owners (for admins)]' \
        '*--json[print JSON for programs]' \
        '*--context=[a configured context (see tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[address of the service]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[key of your certificate; FILE.key beside FILE.crt by default]:FILE:_files' \
        '*:job: _tasker_candidates job'
}

_tasker_at_tasker_info() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--json[print JSON for programs]' \
        '*--context=[a configured context (see tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[address of the service]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[key of your certificate; FILE.key beside FILE.crt by default]:FILE:_files'
}

_tasker_at_tasker_doctor() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--json[print JSON for programs]' \
        '*--context=[a configured context (see tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[address of the service]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[key of your certificate; FILE.key beside FILE.crt by default]:FILE:_files'
}

_tasker_at_tasker_context() {
    local curcontext=$curcontext state line
    typeset -A opt_args
    _arguments -C -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--json[print JSON for programs]' \
        '*--context=[a configured context (see tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[address of the service]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[key of your certificate; FILE.key beside FILE.crt by default]:FILE:_files' \
        '1:verb:->verb' \
        '*::argument:->rest' && return
    case $state in
        verb)
            local -a verbs=(
                'add:add a context: the address of a machine and your certificate there'
                'use:make a context the current one'
                'list:list contexts'
                'rm:remove a context; certificate files are kept'
            )
            _describe verb verbs
            ;;
        rest)
            case $line[1] in
                add) _tasker_at_tasker_context_add ;;
                use) _tasker_at_tasker_context_use ;;
                list) _tasker_at_tasker_context_list ;;
                rm) _tasker_at_tasker_context_rm ;;
            esac
            ;;
    esac
}

_tasker_at_tasker_context_add() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--force[replace a context of the same name]' \
        '*--json[print JSON for programs]' \
        '*--context=[a configured context (see tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[address of the service]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[key of your certificate; FILE.key beside FILE.crt by default]:FILE:_files' \
        '1:any: '
}

_tasker_at_tasker_context_use() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--json[print JSON for programs]' \
        '*--context=[a configured context (see tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[address of the service]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[key of your certificate; FILE.key beside FILE.crt by default]:FILE:_files' \
        '1:context: _tasker_candidates context'
}

_tasker_at_tasker_context_list() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--json[print JSON for programs]' \
        '*--context=[a configured context (see tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[address of the service]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[key of your certificate; FILE.key beside FILE.crt by default]:FILE:_files'
}

_tasker_at_tasker_context_rm() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--json[print JSON for programs]' \
        '*--context=[a configured context (see tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[address of the service]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[key of your certificate; FILE.key beside FILE.crt by default]:FILE:_files' \
        '1:context: _tasker_candidates context'
}

_tasker_at_tasker_completion() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--json[print JSON for programs]' \
        '*--context=[a configured context (see tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[address of the service]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[key of your certificate; FILE.key beside FILE.crt by default]:FILE:_files' \
        '1:word:(bash zsh fish)'
}

_tasker_at_tasker_certs() {
    local curcontext=$curcontext state line
    typeset -A opt_args
    _arguments -C -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--json[print JSON for programs]' \
        '*--context=[a configured context (see tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[address of the service]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[key of your certificate; FILE.key beside FILE.crt by default]:FILE:_files' \
        '1:verb:->verb' \
        '*::argument:->rest' && return
    case $state in
        verb)
            local -a verbs=(
                'init:make a CA and this machine'\''s server certificate'
                'client:make a user'\''s certificate'
                'server:replace the server'\''s certificate'
                'list:list certificates'
                'show:show one certificate'
            )
            _describe verb verbs
            ;;
        rest)
            case $line[1] in
                init) _tasker_at_tasker_certs_init ;;
                client) _tasker_at_tasker_certs_client ;;
                server) _tasker_at_tasker_certs_server ;;
                list) _tasker_at_tasker_certs_list ;;
                show) _tasker_at_tasker_certs_show ;;
            esac
            ;;
    esac
}

_tasker_at_tasker_certs_init() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--dir=[directory of the certificates; /etc/tasker by default]:DIR:_files -/' \
        '*--host=[name or address of this machine, its host name by default; may be repeated]:NAME: ' \
        '*--force[replace existing files]' \
        '*--json[print JSON for programs]' \
        '*--context=[a configured context (see tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[address of the service]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[key of your certificate; FILE.key beside FILE.crt by default]:FILE:_files'
}

_tasker_at_tasker_certs_client() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--dir=[directory of the certificates; /etc/tasker by default]:DIR:_files -/' \
        '*--role=[an admin manages all jobs and, if tasker.toml sets \[jobs\] as_others = true, is root on this machine]:role:(user admin)' \
        '*--force[replace existing files]' \
        '*--json[print JSON for programs]' \
        '*--context=[a configured context (see tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[address of the service]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[key of your certificate; FILE.key beside FILE.crt by default]:FILE:_files' \
        '1:any: '
}

_tasker_at_tasker_certs_server() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--dir=[directory of the certificates; /etc/tasker by default]:DIR:_files -/' \
        '*--host=[name or address of this machine, its host name by default; may be repeated]:NAME: ' \
        '*--force[replace existing files]' \
        '*--json[print JSON for programs]' \
        '*--context=[a configured context (see tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[address of the service]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[key of your certificate; FILE.key beside FILE.crt by default]:FILE:_files'
}

_tasker_at_tasker_certs_list() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--dir=[directory of the certificates; /etc/tasker by default]:DIR:_files -/' \
        '*--json[print JSON for programs]' \
        '*--context=[a configured context (see tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[address of the service]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[key of your certificate; FILE.key beside FILE.crt by default]:FILE:_files'
}

_tasker_at_tasker_certs_show() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--dir=[directory of the certificates; /etc/tasker by default]:DIR:_files -/' \
        '*--json[print JSON for programs]' \
        '*--context=[a configured context (see tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[address of the service]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[key of your certificate; FILE.key beside FILE.crt by default]:FILE:_files' \
        '1:any: '
}

_tasker_candidates() { # contexts, or jobs of the selected service
    local -a ask found
    local i
    for ((i = 2; i < $#_tasker_line; i++)); do
        case $_tasker_line[i] in
            --context | --address | --ca | --cert | --key) ask+=("$_tasker_line[i]" "$_tasker_line[i+1]") ;;
        esac
    done
    found=(${(f)"$($_tasker_line[1] candidates $1 $ask 2>/dev/null)"})
    found=(${found//:/\\:})
    found=(${found/$'\t'/:})
    _describe -t $1 $1 found
}

_tasker_signals() {
    compadd "$@" - HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS RTMIN RTMAX
}

_tasker_targets() { # jobs, then a signal
    _tasker_candidates running
    _tasker_signals
}

_tasker() {
    local -a _tasker_line=($words)
    _tasker_at_tasker
}

if [ "$funcstack[1]" = "_tasker" ]; then
    _tasker "$@"
else
    compdef _tasker tasker
fi
