"""The script for bash: tables of words, and a function that walks the line up to the cursor."""

from __future__ import annotations

from collections.abc import Iterable

from tasker.cli.completion.places import CONNECTION, Place, signals

PROGRAM = r"""
_tasker() {
    local cur=${COMP_WORDS[COMP_CWORD]} place=tasker option='' takes='' ask=() word i
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $word == = ]]; then
            continue
        elif [[ $takes ]]; then
            [[ " @CONNECTION@ " != *" $option "* ]] || ask+=("$option" "$word")
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
            [[ $takes != target ]] || word=" @SIGNALS@"
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
        signal) mapfile -t COMPREPLY < <(compgen -W "@SIGNALS@" -- "${cur#SIG}") ;;
        command) mapfile -t COMPREPLY < <(compgen -c -- "$cur") ;;
        any | '') ;;
        *) mapfile -t COMPREPLY < <(compgen -W "$takes" -- "$cur") ;;
    esac
}

_tasker_command() { # the job's command, whose first word is at $1
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
"""


def script(places: Iterable[Place]) -> str:
    """Returns the script."""
    options: dict[str, str] = {}
    takes: dict[str, str] = {}
    operands: dict[str, str] = {}
    children: dict[str, str] = {}
    for place in places:
        key = " ".join(place.words)
        options[key] = " ".join(name for option in place.options for name in option.names)
        takes |= {f"{key} {name}": one.kind for one in place.options for name in one.names if one.kind}
        operands[key] = place.operand
        children[key] = " ".join(place.children)
    tables = {"options": options, "takes": takes, "operands": operands, "children": children}
    lines = ["# bash completion for tasker, made by: tasker completion bash"]
    for name, table in tables.items():
        lines += ["", f"declare -gA _tasker_{name}=("]
        lines += [f"    ['{key}']='{value}'" for key, value in table.items() if value]
        lines.append(")")
    program = PROGRAM.replace("@CONNECTION@", " ".join(CONNECTION)).replace("@SIGNALS@", " ".join(signals()))
    return "\n".join(lines) + "\n" + program
