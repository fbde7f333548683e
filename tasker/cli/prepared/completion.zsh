#compdef tasker
# zsh completion for tasker, made by: tasker completion zsh

_tasker_at_tasker() {
    local curcontext=$curcontext state line
    typeset -A opt_args
    _arguments -C -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--version[show program'\''s version number and exit]' \
        '*--json[print JSON for programs]' \
        '*--context=[one of yours (tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[where the service listens]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[its key; FILE.key beside FILE.crt by default]:FILE:_files' \
        '1:verb:->verb' \
        '*::argument:->rest' && return
    case $state in
        verb)
            local -a verbs=(
                'start:start a job and print its id'
                'run:start a job, show its output, exit with its exit code'
                'stop:end jobs: SIGTERM, a grace period, SIGKILL'
                'pause:freeze jobs where they stand'
                'resume:let paused jobs go on'
                'signal:send a signal to jobs'
                'limit:change the limits of a running job'
                'wait:wait until jobs have ended'
                'attach:show a job'\''s output, from its start and on'
                'logs:show a job'\''s output, as far as it is there'
                'detach:close your own attaches to a job, wherever they are'
                'get:show everything about a job'
                'list:list jobs'
                'ls:list jobs'
                'ps:list jobs'
                'top:what running jobs use, live'
                'watch:what happens to jobs, as it happens'
                'archive:move the output of ended jobs from memory to disk'
                'info:show the service, who you are there, and your quotas'
                'doctor:look for what is wrong on this machine, and say what to do about it'
                'context:keep the addresses and certificates of several machines'
                'completion:print the script that completes tasker'\''s command line in a shell'
                'certs:make and look at certificates'
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
        '*'{-C,--cwd=}'[where it starts, relative to where you are; its home directory by default]:DIR:_files -/' \
        '*'{-e,--env=}'[set K to V, or to what K is here]:K\[=V\]: ' \
        '*--user=[the local account to run as (admins, where \[jobs\] as_others is true)]:ACCOUNT: ' \
        '*--grace=[time from SIGTERM to SIGKILL where a stop names none; 10s as shipped]:TIME: ' \
        '*--linger=[how long processes that the command leaves behind may go on while one of them holds the output (1s where none does), or forever; 5s as shipped]:TIME: ' \
        '*--nice=[nice value, 0 to 19 (admins\: from -20)\: the order of processes within the job; between jobs, --cpu-weight decides]:N: ' \
        '*--cpu=[CPU time, e.g. 0.5\: half of one core]:CORES: ' \
        '*--cpu-weight=[share when the CPU is scarce; others have 100]:N: ' \
        '*--memory=[killed past it]:SIZE: ' \
        '*--memory-high=[slowed down past it]:SIZE: ' \
        '*--memory-swap=[swap, unless \[total\] or \[owner\] limits memory; none by default with --memory]:SIZE: ' \
        '*--tasks=[processes and threads]:N: ' \
        '*--io-weight=[share when the disk is scarce; others have 100]:N: ' \
        '*--time=[maximum run time]:TIME: ' \
        '*--cpu-list=[the CPUs that it may run on, e.g. 0-3,8]:LIST: ' \
        '*--io-read=[bytes a second read from the disk under PATH (relative to where you are); repeatable]:PATH=RATE:_files' \
        '*--io-write=[bytes a second written to the disk under PATH (relative to where you are); repeatable]:PATH=RATE:_files' \
        '*--io-read-iops=[reads a second from the disk under PATH (relative to where you are); repeatable]:PATH=N:_files' \
        '*--io-write-iops=[writes a second to the disk under PATH (relative to where you are); repeatable]:PATH=N:_files' \
        '*--json[print JSON for programs]' \
        '*--context=[one of yours (tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[where the service listens]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[its key; FILE.key beside FILE.crt by default]:FILE:_files' \
        '*:::command:_normal'
}

_tasker_at_tasker_run() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--name=[a label for people]:name: ' \
        '*'{-C,--cwd=}'[where it starts, relative to where you are; its home directory by default]:DIR:_files -/' \
        '*'{-e,--env=}'[set K to V, or to what K is here]:K\[=V\]: ' \
        '*--user=[the local account to run as (admins, where \[jobs\] as_others is true)]:ACCOUNT: ' \
        '*--grace=[time from SIGTERM to SIGKILL where a stop names none; 10s as shipped]:TIME: ' \
        '*--linger=[how long processes that the command leaves behind may go on while one of them holds the output (1s where none does), or forever; 5s as shipped]:TIME: ' \
        '*--nice=[nice value, 0 to 19 (admins\: from -20)\: the order of processes within the job; between jobs, --cpu-weight decides]:N: ' \
        '*--cpu=[CPU time, e.g. 0.5\: half of one core]:CORES: ' \
        '*--cpu-weight=[share when the CPU is scarce; others have 100]:N: ' \
        '*--memory=[killed past it]:SIZE: ' \
        '*--memory-high=[slowed down past it]:SIZE: ' \
        '*--memory-swap=[swap, unless \[total\] or \[owner\] limits memory; none by default with --memory]:SIZE: ' \
        '*--tasks=[processes and threads]:N: ' \
        '*--io-weight=[share when the disk is scarce; others have 100]:N: ' \
        '*--time=[maximum run time]:TIME: ' \
        '*--cpu-list=[the CPUs that it may run on, e.g. 0-3,8]:LIST: ' \
        '*--io-read=[bytes a second read from the disk under PATH (relative to where you are); repeatable]:PATH=RATE:_files' \
        '*--io-write=[bytes a second written to the disk under PATH (relative to where you are); repeatable]:PATH=RATE:_files' \
        '*--io-read-iops=[reads a second from the disk under PATH (relative to where you are); repeatable]:PATH=N:_files' \
        '*--io-write-iops=[writes a second to the disk under PATH (relative to where you are); repeatable]:PATH=N:_files' \
        '*--no-footer[only the job'\''s output]' \
        '*--raw[let the job control the terminal; no footer]' \
        '*--reconnect=[take up a broken connection again for so long; 0\: never; 1m by default]:TIME: ' \
        '*'{-t,--timestamps}'[each line with the time when it was received]' \
        '*--json[print JSON for programs]' \
        '*--context=[one of yours (tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[where the service listens]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[its key; FILE.key beside FILE.crt by default]:FILE:_files' \
        '*:::command:_normal'
}

_tasker_at_tasker_stop() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--grace=[time from SIGTERM to SIGKILL; the job'\''s own by default, 0 kills at once]:TIME: ' \
        '*--json[print JSON for programs]' \
        '*--context=[one of yours (tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[where the service listens]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[its key; FILE.key beside FILE.crt by default]:FILE:_files' \
        '*:running: _tasker_candidates running'
}

_tasker_at_tasker_pause() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--json[print JSON for programs]' \
        '*--context=[one of yours (tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[where the service listens]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[its key; FILE.key beside FILE.crt by default]:FILE:_files' \
        '*:running: _tasker_candidates running'
}

_tasker_at_tasker_resume() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--json[print JSON for programs]' \
        '*--context=[one of yours (tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[where the service listens]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[its key; FILE.key beside FILE.crt by default]:FILE:_files' \
        '*:running: _tasker_candidates running'
}

_tasker_at_tasker_signal() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--json[print JSON for programs]' \
        '*--context=[one of yours (tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[where the service listens]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[its key; FILE.key beside FILE.crt by default]:FILE:_files' \
        '*:target: _tasker_targets'
}

_tasker_at_tasker_limit() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--cpu=[CPU time, e.g. 0.5\: half of one core]:CORES: ' \
        '*--cpu-weight=[share when the CPU is scarce; others have 100]:N: ' \
        '*--memory=[killed past it]:SIZE: ' \
        '*--memory-high=[slowed down past it]:SIZE: ' \
        '*--memory-swap=[swap, unless \[total\] or \[owner\] limits memory; none by default with --memory]:SIZE: ' \
        '*--tasks=[processes and threads]:N: ' \
        '*--io-weight=[share when the disk is scarce; others have 100]:N: ' \
        '*--time=[maximum run time]:TIME: ' \
        '*--cpu-list=[the CPUs that it may run on, e.g. 0-3,8]:LIST: ' \
        '*--io-read=[bytes a second read from the disk under PATH (relative to where you are); repeatable]:PATH=RATE:_files' \
        '*--io-write=[bytes a second written to the disk under PATH (relative to where you are); repeatable]:PATH=RATE:_files' \
        '*--io-read-iops=[reads a second from the disk under PATH (relative to where you are); repeatable]:PATH=N:_files' \
        '*--io-write-iops=[writes a second to the disk under PATH (relative to where you are); repeatable]:PATH=N:_files' \
        '*--json[print JSON for programs]' \
        '*--context=[one of yours (tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[where the service listens]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[its key; FILE.key beside FILE.crt by default]:FILE:_files' \
        '1:running: _tasker_candidates running'
}

_tasker_at_tasker_wait() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--any[only until the first of them has ended]' \
        '*--timeout=[give up after it; the jobs go on]:TIME: ' \
        '*--json[print JSON for programs]' \
        '*--context=[one of yours (tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[where the service listens]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[its key; FILE.key beside FILE.crt by default]:FILE:_files' \
        '*:job: _tasker_candidates job'
}

_tasker_at_tasker_attach() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--from-start[everything that is still kept (the default)]' \
        '*--offset=[from this byte of the output, counted from 0]:N: ' \
        '*--tail=[the last N lines; 0\: only what is new]:N|all: ' \
        '*--bytes=[the last N bytes]:N: ' \
        '*--since=[what came in the last TIME, e.g. 5m]:TIME: ' \
        '*'{-f,--follow}'[go on with what comes (the default)]' \
        '*--no-follow[end at what is there now]' \
        '*--output=[into a new file, byte for byte]:FILE:_files' \
        '*--force[overwrite FILE]' \
        '*--no-footer[only the job'\''s output]' \
        '*--raw[let the job control the terminal; no footer]' \
        '*--reconnect=[take up a broken connection again for so long; 0\: never; 1m by default]:TIME: ' \
        '*'{-t,--timestamps}'[each line with the time when it was received]' \
        '*--json[print JSON for programs]' \
        '*--context=[one of yours (tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[where the service listens]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[its key; FILE.key beside FILE.crt by default]:FILE:_files' \
        '1:job: _tasker_candidates job'
}

_tasker_at_tasker_logs() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--from-start[everything that is still kept (the default)]' \
        '*--offset=[from this byte of the output, counted from 0]:N: ' \
        '*--tail=[the last N lines; 0\: only what is new]:N|all: ' \
        '*--bytes=[the last N bytes]:N: ' \
        '*--since=[what came in the last TIME, e.g. 5m]:TIME: ' \
        '*'{-f,--follow}'[go on with what comes]' \
        '*--no-follow[end at what is there now (the default)]' \
        '*--output=[into a new file, byte for byte]:FILE:_files' \
        '*--force[overwrite FILE]' \
        '*--no-footer[only the job'\''s output]' \
        '*--raw[let the job control the terminal; no footer]' \
        '*--reconnect=[take up a broken connection again for so long; 0\: never; 1m by default]:TIME: ' \
        '*'{-t,--timestamps}'[each line with the time when it was received]' \
        '*--json[print JSON for programs]' \
        '*--context=[one of yours (tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[where the service listens]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[its key; FILE.key beside FILE.crt by default]:FILE:_files' \
        '1:job: _tasker_candidates job'
}

_tasker_at_tasker_detach() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--json[print JSON for programs]' \
        '*--context=[one of yours (tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[where the service listens]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[its key; FILE.key beside FILE.crt by default]:FILE:_files' \
        '1:running: _tasker_candidates running'
}

_tasker_at_tasker_get() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--json[print JSON for programs]' \
        '*--context=[one of yours (tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[where the service listens]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[its key; FILE.key beside FILE.crt by default]:FILE:_files' \
        '1:job: _tasker_candidates job'
}

_tasker_at_tasker_list() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--mine[only your own]' \
        '*--owner=[only this owner'\''s]:NAME: ' \
        '*'{-r,--running}'[only those that have not ended]' \
        '*--archived[only those whose output is on disk (tasker archive)]' \
        '*'{-w,--wide}'[more columns, nothing cut]' \
        '*--all-contexts[on the machines of all contexts]' \
        '*--json[print JSON for programs]' \
        '*--context=[one of yours (tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[where the service listens]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[its key; FILE.key beside FILE.crt by default]:FILE:_files'
}

_tasker_at_tasker_ls() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--mine[only your own]' \
        '*--owner=[only this owner'\''s]:NAME: ' \
        '*'{-r,--running}'[only those that have not ended]' \
        '*--archived[only those whose output is on disk (tasker archive)]' \
        '*'{-w,--wide}'[more columns, nothing cut]' \
        '*--all-contexts[on the machines of all contexts]' \
        '*--json[print JSON for programs]' \
        '*--context=[one of yours (tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[where the service listens]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[its key; FILE.key beside FILE.crt by default]:FILE:_files'
}

_tasker_at_tasker_ps() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--mine[only your own]' \
        '*--owner=[only this owner'\''s]:NAME: ' \
        '*'{-r,--running}'[only those that have not ended]' \
        '*--archived[only those whose output is on disk (tasker archive)]' \
        '*'{-w,--wide}'[more columns, nothing cut]' \
        '*--all-contexts[on the machines of all contexts]' \
        '*--json[print JSON for programs]' \
        '*--context=[one of yours (tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[where the service listens]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[its key; FILE.key beside FILE.crt by default]:FILE:_files'
}

_tasker_at_tasker_top() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--mine[only your own]' \
        '*--owner=[only this owner'\''s]:NAME: ' \
        '*--sort=[one of cpu, memory, io, tasks, elapsed, id, name, owner; cpu by default]:BY:(cpu memory io tasks elapsed id name owner)' \
        '*--once[print a table and end]' \
        '*--all-contexts[on the machines of all contexts]' \
        '*--json[print JSON for programs]' \
        '*--context=[one of yours (tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[where the service listens]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[its key; FILE.key beside FILE.crt by default]:FILE:_files'
}

_tasker_at_tasker_watch() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--mine[only your own]' \
        '*--owner=[only this owner'\''s]:NAME: ' \
        '*--usage[with --json, also what running jobs use, once a second]' \
        '*--json[print JSON for programs]' \
        '*--context=[one of yours (tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[where the service listens]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[its key; FILE.key beside FILE.crt by default]:FILE:_files' \
        '1:job: _tasker_candidates job'
}

_tasker_at_tasker_archive() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--ended[all of your own that have ended]' \
        '*--older-than=[only those that ended so long ago; --ended goes without saying]:TIME: ' \
        '*--owner=[this owner'\''s (admins)]:NAME: ' \
        '*--all[everybody'\''s (admins)]' \
        '*--json[print JSON for programs]' \
        '*--context=[one of yours (tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[where the service listens]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[its key; FILE.key beside FILE.crt by default]:FILE:_files' \
        '*:job: _tasker_candidates job'
}

_tasker_at_tasker_info() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--json[print JSON for programs]' \
        '*--context=[one of yours (tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[where the service listens]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[its key; FILE.key beside FILE.crt by default]:FILE:_files'
}

_tasker_at_tasker_doctor() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--json[print JSON for programs]' \
        '*--context=[one of yours (tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[where the service listens]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[its key; FILE.key beside FILE.crt by default]:FILE:_files'
}

_tasker_at_tasker_context() {
    local curcontext=$curcontext state line
    typeset -A opt_args
    _arguments -C -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--json[print JSON for programs]' \
        '*--context=[one of yours (tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[where the service listens]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[its key; FILE.key beside FILE.crt by default]:FILE:_files' \
        '1:verb:->verb' \
        '*::argument:->rest' && return
    case $state in
        verb)
            local -a verbs=(
                'add:add a machine: its address and your certificate there'
                'use:use it wherever no other is named'
                'list:list them'
                'rm:forget one; its certificates stay where they are'
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
        '*--force[replace the context of that name]' \
        '*--json[print JSON for programs]' \
        '*--context=[one of yours (tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[where the service listens]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[its key; FILE.key beside FILE.crt by default]:FILE:_files' \
        '1:any: '
}

_tasker_at_tasker_context_use() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--json[print JSON for programs]' \
        '*--context=[one of yours (tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[where the service listens]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[its key; FILE.key beside FILE.crt by default]:FILE:_files' \
        '1:context: _tasker_candidates context'
}

_tasker_at_tasker_context_list() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--json[print JSON for programs]' \
        '*--context=[one of yours (tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[where the service listens]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[its key; FILE.key beside FILE.crt by default]:FILE:_files'
}

_tasker_at_tasker_context_rm() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--json[print JSON for programs]' \
        '*--context=[one of yours (tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[where the service listens]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[its key; FILE.key beside FILE.crt by default]:FILE:_files' \
        '1:context: _tasker_candidates context'
}

_tasker_at_tasker_completion() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--json[print JSON for programs]' \
        '*--context=[one of yours (tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[where the service listens]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[its key; FILE.key beside FILE.crt by default]:FILE:_files' \
        '1:word:(bash zsh fish)'
}

_tasker_at_tasker_certs() {
    local curcontext=$curcontext state line
    typeset -A opt_args
    _arguments -C -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--json[print JSON for programs]' \
        '*--context=[one of yours (tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[where the service listens]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[its key; FILE.key beside FILE.crt by default]:FILE:_files' \
        '1:verb:->verb' \
        '*::argument:->rest' && return
    case $state in
        verb)
            local -a verbs=(
                'init:make a CA and this machine'\''s server certificate'
                'client:make a user'\''s certificate'
                'server:make the server'\''s certificate anew'
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
        '*--dir=[where they are; /etc/tasker by default]:DIR:_files -/' \
        '*--host=[a name or address of this machine, its own by default; may be repeated]:NAME: ' \
        '*--force[replace what is there]' \
        '*--json[print JSON for programs]' \
        '*--context=[one of yours (tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[where the service listens]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[its key; FILE.key beside FILE.crt by default]:FILE:_files'
}

_tasker_at_tasker_certs_client() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--dir=[where they are; /etc/tasker by default]:DIR:_files -/' \
        '*--role=[an admin manages everybody'\''s jobs and, where \[jobs\] as_others is true in tasker.toml, is root on this machine]:role:(user admin)' \
        '*--force[replace what is there]' \
        '*--json[print JSON for programs]' \
        '*--context=[one of yours (tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[where the service listens]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[its key; FILE.key beside FILE.crt by default]:FILE:_files' \
        '1:any: '
}

_tasker_at_tasker_certs_server() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--dir=[where they are; /etc/tasker by default]:DIR:_files -/' \
        '*--host=[a name or address of this machine, its own by default; may be repeated]:NAME: ' \
        '*--force[replace what is there]' \
        '*--json[print JSON for programs]' \
        '*--context=[one of yours (tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[where the service listens]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[its key; FILE.key beside FILE.crt by default]:FILE:_files'
}

_tasker_at_tasker_certs_list() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--dir=[where they are; /etc/tasker by default]:DIR:_files -/' \
        '*--json[print JSON for programs]' \
        '*--context=[one of yours (tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[where the service listens]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[its key; FILE.key beside FILE.crt by default]:FILE:_files'
}

_tasker_at_tasker_certs_show() {
    _arguments -S \
        '*'{-h,--help}'[show this help message and exit]' \
        '*--dir=[where they are; /etc/tasker by default]:DIR:_files -/' \
        '*--json[print JSON for programs]' \
        '*--context=[one of yours (tasker context --help)]:NAME: _tasker_candidates context' \
        '*--address=[where the service listens]:HOST\:PORT: ' \
        '*--ca=[the CA'\''s certificate]:FILE:_files' \
        '*--cert=[your certificate]:FILE:_files' \
        '*--key=[its key; FILE.key beside FILE.crt by default]:FILE:_files' \
        '1:any: '
}

_tasker_candidates() { # jobs or contexts, from the service that the line names
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
