"""The script for fish: one `complete` for each option of each place."""

from __future__ import annotations

from collections.abc import Iterable

from tasker.cli.completion.places import CONNECTION, Option, Place, signals

PROGRAM = r"""
function __tasker_place # the verb and the action before the cursor
    set -l place tasker
    set -l skip
    for word in (commandline -opc)[2..]
        if set -q skip[1]
            set skip
        else if string match -q -- '-*' $word
            contains -- $word @TAKING@; and set skip 1
        else if contains -- "$place $word" @PLACES@
            set place "$place $word"
        end
    end
    echo $place
end

function __tasker_at
    test (__tasker_place) = "$argv"
end

function __tasker_candidates # contexts, or jobs of the selected service
    set -l words (commandline -opc)
    set -l ask
    for at in (seq (count $words))
        if contains -- $words[$at] @CONNECTION@; and set -q words[(math $at + 1)]
            set -a ask $words[$at] $words[(math $at + 1)]
        end
    end
    $words[1] candidates $argv $ask 2>/dev/null
end

complete -c tasker -f
"""
VALUES = {
    "job": "-xa '(__tasker_candidates job)'",
    "running": "-xa '(__tasker_candidates running)'",
    "target": f"-xa '(__tasker_candidates running) {' '.join(signals())}'",
    "context": "-xa '(__tasker_candidates context)'",
    "signal": f"-xa '{' '.join(signals())}'",
    "file": "-rF",
    "directory": "-xa '(__fish_complete_directories)'",
    "command": "-xa '(__fish_complete_subcommand --fcs-skip=2)'",
    "any": "-x",
    "": "",
}


def script(places: Iterable[Place]) -> str:
    """Returns the script."""
    places = list(places)
    taking = sorted({name for place in places for option in place.options if option.kind for name in option.names})
    names = [f"'{' '.join(place.words)}'" for place in places]
    program = PROGRAM.replace("@CONNECTION@", " ".join(CONNECTION)).replace("@TAKING@", " ".join(taking))
    lines = [program.replace("@PLACES@", " ".join(names)).rstrip()]
    for place in places:
        at = f"complete -c tasker -n '__tasker_at {' '.join(place.words)}'"
        lines.append("")
        lines += [f"{at} -a {name} -d '{_quoted(summary)}'" for name, summary in place.children.items()]
        lines += [_option(at, option) for option in place.options]
        if place.operand and not place.children:
            lines.append(f"{at} {_value(place.operand)}")
    return "# fish completion for tasker, made by: tasker completion fish\n" + "\n".join(lines) + "\n"


def _option(at: str, option: Option) -> str:
    names = [f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names]
    return " ".join(word for word in (at, *names, _value(option.kind), f"-d '{_quoted(option.help)}'") if word)


def _value(kind: str) -> str:
    return VALUES.get(kind, f"-xa '{kind}'")


def _quoted(text: str) -> str:
    return text.replace("%%", "%").replace("\\", "\\\\").replace("'", "\\'")
