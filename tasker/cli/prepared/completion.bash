# bash completion for tasker, made by: tasker completion bash

declare -gA _tasker_options=(
    ['tasker']='-h --help --version --json --context --address --ca --cert --key'
    ['tasker start']='-h --help --name -C --cwd -e --env --user --grace --linger --cpu --cpu-weight --memory --memory-high --memory-swap --tasks --time --io-weight --io-read --io-write --io-read-iops --io-write-iops --json --context --address --ca --cert --key'
    ['tasker run']='-h --help --name -C --cwd -e --env --user --grace --linger --cpu --cpu-weight --memory --memory-high --memory-swap --tasks --time --io-weight --io-read --io-write --io-read-iops --io-write-iops --no-footer --raw --reconnect -t --timestamps --json --context --address --ca --cert --key'
    ['tasker stop']='-h --help --grace --json --context --address --ca --cert --key'
    ['tasker pause']='-h --help --json --context --address --ca --cert --key'
    ['tasker resume']='-h --help --json --context --address --ca --cert --key'
    ['tasker signal']='-h --help --json --context --address --ca --cert --key'
    ['tasker limit']='-h --help --cpu --cpu-weight --memory --memory-high --memory-swap --tasks --time --io-weight --io-read --io-write --io-read-iops --io-write-iops --json --context --address --ca --cert --key'
    ['tasker wait']='-h --help --any --timeout --json --context --address --ca --cert --key'
    ['tasker attach']='-h --help --from-start --offset --tail --bytes --since -f --follow --no-follow --output --force --no-footer --raw --reconnect -t --timestamps --json --context --address --ca --cert --key'
    ['tasker logs']='-h --help --from-start --offset --tail --bytes --since -f --follow --no-follow --output --force --no-footer --raw --reconnect -t --timestamps --json --context --address --ca --cert --key'
    ['tasker detach']='-h --help --json --context --address --ca --cert --key'
    ['tasker get']='-h --help --json --context --address --ca --cert --key'
    ['tasker list']='-h --help --mine --owner -r --running --archived -w --wide --all-contexts --json --context --address --ca --cert --key'
    ['tasker ls']='-h --help --mine --owner -r --running --archived -w --wide --all-contexts --json --context --address --ca --cert --key'
    ['tasker ps']='-h --help --mine --owner -r --running --archived -w --wide --all-contexts --json --context --address --ca --cert --key'
    ['tasker top']='-h --help --mine --owner --sort --once --all-contexts --json --context --address --ca --cert --key'
    ['tasker watch']='-h --help --mine --owner --usage --json --context --address --ca --cert --key'
    ['tasker archive']='-h --help --ended --older-than --owner --all --json --context --address --ca --cert --key'
    ['tasker info']='-h --help --json --context --address --ca --cert --key'
    ['tasker doctor']='-h --help --json --context --address --ca --cert --key'
    ['tasker context']='-h --help --json --context --address --ca --cert --key'
    ['tasker context add']='-h --help --force --json --context --address --ca --cert --key'
    ['tasker context use']='-h --help --json --context --address --ca --cert --key'
    ['tasker context list']='-h --help --json --context --address --ca --cert --key'
    ['tasker context rm']='-h --help --json --context --address --ca --cert --key'
    ['tasker completion']='-h --help --json --context --address --ca --cert --key'
    ['tasker certs']='-h --help --json --context --address --ca --cert --key'
    ['tasker certs init']='-h --help --dir --host --force --json --context --address --ca --cert --key'
    ['tasker certs client']='-h --help --dir --role --force --json --context --address --ca --cert --key'
    ['tasker certs server']='-h --help --dir --host --force --json --context --address --ca --cert --key'
    ['tasker certs list']='-h --help --dir --json --context --address --ca --cert --key'
    ['tasker certs show']='-h --help --dir --json --context --address --ca --cert --key'
)

declare -gA _tasker_takes=(
    ['tasker --context']='context'
    ['tasker --address']='any'
    ['tasker --ca']='file'
    ['tasker --cert']='file'
    ['tasker --key']='file'
    ['tasker start --name']='any'
    ['tasker start -C']='directory'
    ['tasker start --cwd']='directory'
    ['tasker start -e']='any'
    ['tasker start --env']='any'
    ['tasker start --user']='any'
    ['tasker start --grace']='any'
    ['tasker start --linger']='any'
    ['tasker start --cpu']='any'
    ['tasker start --cpu-weight']='any'
    ['tasker start --memory']='any'
    ['tasker start --memory-high']='any'
    ['tasker start --memory-swap']='any'
    ['tasker start --tasks']='any'
    ['tasker start --time']='any'
    ['tasker start --io-weight']='any'
    ['tasker start --io-read']='file'
    ['tasker start --io-write']='file'
    ['tasker start --io-read-iops']='file'
    ['tasker start --io-write-iops']='file'
    ['tasker start --context']='context'
    ['tasker start --address']='any'
    ['tasker start --ca']='file'
    ['tasker start --cert']='file'
    ['tasker start --key']='file'
    ['tasker run --name']='any'
    ['tasker run -C']='directory'
    ['tasker run --cwd']='directory'
    ['tasker run -e']='any'
    ['tasker run --env']='any'
    ['tasker run --user']='any'
    ['tasker run --grace']='any'
    ['tasker run --linger']='any'
    ['tasker run --cpu']='any'
    ['tasker run --cpu-weight']='any'
    ['tasker run --memory']='any'
    ['tasker run --memory-high']='any'
    ['tasker run --memory-swap']='any'
    ['tasker run --tasks']='any'
    ['tasker run --time']='any'
    ['tasker run --io-weight']='any'
    ['tasker run --io-read']='file'
    ['tasker run --io-write']='file'
    ['tasker run --io-read-iops']='file'
    ['tasker run --io-write-iops']='file'
    ['tasker run --reconnect']='any'
    ['tasker run --context']='context'
    ['tasker run --address']='any'
    ['tasker run --ca']='file'
    ['tasker run --cert']='file'
    ['tasker run --key']='file'
    ['tasker stop --grace']='any'
    ['tasker stop --context']='context'
    ['tasker stop --address']='any'
    ['tasker stop --ca']='file'
    ['tasker stop --cert']='file'
    ['tasker stop --key']='file'
    ['tasker pause --context']='context'
    ['tasker pause --address']='any'
    ['tasker pause --ca']='file'
    ['tasker pause --cert']='file'
    ['tasker pause --key']='file'
    ['tasker resume --context']='context'
    ['tasker resume --address']='any'
    ['tasker resume --ca']='file'
    ['tasker resume --cert']='file'
    ['tasker resume --key']='file'
    ['tasker signal --context']='context'
    ['tasker signal --address']='any'
    ['tasker signal --ca']='file'
    ['tasker signal --cert']='file'
    ['tasker signal --key']='file'
    ['tasker limit --cpu']='any'
    ['tasker limit --cpu-weight']='any'
    ['tasker limit --memory']='any'
    ['tasker limit --memory-high']='any'
    ['tasker limit --memory-swap']='any'
    ['tasker limit --tasks']='any'
    ['tasker limit --time']='any'
    ['tasker limit --io-weight']='any'
    ['tasker limit --io-read']='file'
    ['tasker limit --io-write']='file'
    ['tasker limit --io-read-iops']='file'
    ['tasker limit --io-write-iops']='file'
    ['tasker limit --context']='context'
    ['tasker limit --address']='any'
    ['tasker limit --ca']='file'
    ['tasker limit --cert']='file'
    ['tasker limit --key']='file'
    ['tasker wait --timeout']='any'
    ['tasker wait --context']='context'
    ['tasker wait --address']='any'
    ['tasker wait --ca']='file'
    ['tasker wait --cert']='file'
    ['tasker wait --key']='file'
    ['tasker attach --offset']='any'
    ['tasker attach --tail']='any'
    ['tasker attach --bytes']='any'
    ['tasker attach --since']='any'
    ['tasker attach --output']='file'
    ['tasker attach --reconnect']='any'
    ['tasker attach --context']='context'
    ['tasker attach --address']='any'
    ['tasker attach --ca']='file'
    ['tasker attach --cert']='file'
    ['tasker attach --key']='file'
    ['tasker logs --offset']='any'
    ['tasker logs --tail']='any'
    ['tasker logs --bytes']='any'
    ['tasker logs --since']='any'
    ['tasker logs --output']='file'
    ['tasker logs --reconnect']='any'
    ['tasker logs --context']='context'
    ['tasker logs --address']='any'
    ['tasker logs --ca']='file'
    ['tasker logs --cert']='file'
    ['tasker logs --key']='file'
    ['tasker detach --context']='context'
    ['tasker detach --address']='any'
    ['tasker detach --ca']='file'
    ['tasker detach --cert']='file'
    ['tasker detach --key']='file'
    ['tasker get --context']='context'
    ['tasker get --address']='any'
    ['tasker get --ca']='file'
    ['tasker get --cert']='file'
    ['tasker get --key']='file'
    ['tasker list --owner']='any'
    ['tasker list --context']='context'
    ['tasker list --address']='any'
    ['tasker list --ca']='file'
    ['tasker list --cert']='file'
    ['tasker list --key']='file'
    ['tasker ls --owner']='any'
    ['tasker ls --context']='context'
    ['tasker ls --address']='any'
    ['tasker ls --ca']='file'
    ['tasker ls --cert']='file'
    ['tasker ls --key']='file'
    ['tasker ps --owner']='any'
    ['tasker ps --context']='context'
    ['tasker ps --address']='any'
    ['tasker ps --ca']='file'
    ['tasker ps --cert']='file'
    ['tasker ps --key']='file'
    ['tasker top --owner']='any'
    ['tasker top --sort']='cpu memory io tasks elapsed id name owner'
    ['tasker top --context']='context'
    ['tasker top --address']='any'
    ['tasker top --ca']='file'
    ['tasker top --cert']='file'
    ['tasker top --key']='file'
    ['tasker watch --owner']='any'
    ['tasker watch --context']='context'
    ['tasker watch --address']='any'
    ['tasker watch --ca']='file'
    ['tasker watch --cert']='file'
    ['tasker watch --key']='file'
    ['tasker archive --older-than']='any'
    ['tasker archive --owner']='any'
    ['tasker archive --context']='context'
    ['tasker archive --address']='any'
    ['tasker archive --ca']='file'
    ['tasker archive --cert']='file'
    ['tasker archive --key']='file'
    ['tasker info --context']='context'
    ['tasker info --address']='any'
    ['tasker info --ca']='file'
    ['tasker info --cert']='file'
    ['tasker info --key']='file'
    ['tasker doctor --context']='context'
    ['tasker doctor --address']='any'
    ['tasker doctor --ca']='file'
    ['tasker doctor --cert']='file'
    ['tasker doctor --key']='file'
    ['tasker context --context']='context'
    ['tasker context --address']='any'
    ['tasker context --ca']='file'
    ['tasker context --cert']='file'
    ['tasker context --key']='file'
    ['tasker context add --context']='context'
    ['tasker context add --address']='any'
    ['tasker context add --ca']='file'
    ['tasker context add --cert']='file'
    ['tasker context add --key']='file'
    ['tasker context use --context']='context'
    ['tasker context use --address']='any'
    ['tasker context use --ca']='file'
    ['tasker context use --cert']='file'
    ['tasker context use --key']='file'
    ['tasker context list --context']='context'
    ['tasker context list --address']='any'
    ['tasker context list --ca']='file'
    ['tasker context list --cert']='file'
    ['tasker context list --key']='file'
    ['tasker context rm --context']='context'
    ['tasker context rm --address']='any'
    ['tasker context rm --ca']='file'
    ['tasker context rm --cert']='file'
    ['tasker context rm --key']='file'
    ['tasker completion --context']='context'
    ['tasker completion --address']='any'
    ['tasker completion --ca']='file'
    ['tasker completion --cert']='file'
    ['tasker completion --key']='file'
    ['tasker certs --context']='context'
    ['tasker certs --address']='any'
    ['tasker certs --ca']='file'
    ['tasker certs --cert']='file'
    ['tasker certs --key']='file'
    ['tasker certs init --dir']='directory'
    ['tasker certs init --host']='any'
    ['tasker certs init --context']='context'
    ['tasker certs init --address']='any'
    ['tasker certs init --ca']='file'
    ['tasker certs init --cert']='file'
    ['tasker certs init --key']='file'
    ['tasker certs client --dir']='directory'
    ['tasker certs client --role']='user admin'
    ['tasker certs client --context']='context'
    ['tasker certs client --address']='any'
    ['tasker certs client --ca']='file'
    ['tasker certs client --cert']='file'
    ['tasker certs client --key']='file'
    ['tasker certs server --dir']='directory'
    ['tasker certs server --host']='any'
    ['tasker certs server --context']='context'
    ['tasker certs server --address']='any'
    ['tasker certs server --ca']='file'
    ['tasker certs server --cert']='file'
    ['tasker certs server --key']='file'
    ['tasker certs list --dir']='directory'
    ['tasker certs list --context']='context'
    ['tasker certs list --address']='any'
    ['tasker certs list --ca']='file'
    ['tasker certs list --cert']='file'
    ['tasker certs list --key']='file'
    ['tasker certs show --dir']='directory'
    ['tasker certs show --context']='context'
    ['tasker certs show --address']='any'
    ['tasker certs show --ca']='file'
    ['tasker certs show --cert']='file'
    ['tasker certs show --key']='file'
)

declare -gA _tasker_operands=(
    ['tasker start']='command'
    ['tasker run']='command'
    ['tasker stop']='running'
    ['tasker pause']='running'
    ['tasker resume']='running'
    ['tasker signal']='target'
    ['tasker limit']='running'
    ['tasker wait']='job'
    ['tasker attach']='job'
    ['tasker logs']='job'
    ['tasker detach']='running'
    ['tasker get']='job'
    ['tasker watch']='job'
    ['tasker archive']='job'
    ['tasker context add']='any'
    ['tasker context use']='context'
    ['tasker context rm']='context'
    ['tasker completion']='bash zsh fish'
    ['tasker certs client']='any'
    ['tasker certs show']='any'
)

declare -gA _tasker_children=(
    ['tasker']='start run stop pause resume signal limit wait attach logs detach get list ls ps top watch archive info doctor context completion certs'
    ['tasker context']='add use list rm'
    ['tasker certs']='init client server list show'
)

_tasker() {
    local cur=${COMP_WORDS[COMP_CWORD]} place=tasker option='' takes='' ask=() word i
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $word == = ]]; then
            continue
        elif [[ $takes ]]; then
            [[ " --context --address --ca --cert --key " != *" $option "* ]] || ask+=("$option" "$word")
            takes=
        elif [[ $word == -- ]]; then
            [[ ${_tasker_operands[$place]} != command ]] || _tasker_command $((i + 1))
            return
        elif [[ $word == -* ]]; then
            option=$word takes=${_tasker_takes[$place $word]}
        elif [[ ${_tasker_operands[$place]} == command ]]; then
            _tasker_command "$i"
            return
        elif [[ " ${_tasker_children[$place]} " == *" $word "* ]]; then
            place+=" $word"
        fi
    done
    [[ $cur != = ]] || cur=
    if [[ ! $takes && $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "${_tasker_options[$place]}" -- "$cur")
        return
    fi
    [[ $takes ]] || takes=${_tasker_children[$place]:-${_tasker_operands[$place]}}
    case $takes in
        job | running | target | context)
            word=
            [[ $takes != target ]] || word=" HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS RTMIN RTMAX"
            takes=$("$1" candidates "${takes/target/running}" "${ask[@]}" 2>/dev/null | cut -f 1)$word
            mapfile -t COMPREPLY < <(compgen -W "$takes" -- "$cur")
            ;;
        file)
            compopt -o filenames
            mapfile -t COMPREPLY < <(compgen -f -- "$cur")
            ;;
        directory)
            compopt -o filenames
            mapfile -t COMPREPLY < <(compgen -d -- "$cur")
            ;;
        signal) mapfile -t COMPREPLY < <(compgen -W "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS RTMIN RTMAX" -- "${cur#SIG}") ;;
        command) mapfile -t COMPREPLY < <(compgen -c -- "$cur") ;;
        any | '') ;;
        *) mapfile -t COMPREPLY < <(compgen -W "$takes" -- "$cur") ;;
    esac
}

_tasker_command() { # the job's own, whose first word is at $1
    if declare -F _command_offset >/dev/null; then
        _command_offset "$1"
    elif ((COMP_CWORD == $1)); then
        mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}")
    else
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
    fi
}

complete -F _tasker tasker
