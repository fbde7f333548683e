"""The script for zsh: one `_arguments` for each place."""

from __future__ import annotations

from collections.abc import Iterable

from tasker.cli.completion.places import CONNECTION, Option, Place, signals

PROGRAM = r"""
_tasker_candidates() { # contexts, or jobs of the selected service
    local -a ask found
    local i
    for ((i = 2; i < $#_tasker_line; i++)); do
        case $_tasker_line[i] in
            @CONNECTION@) ask+=("$_tasker_line[i]" "$_tasker_line[i+1]") ;;
        esac
    done
    found=(${(f)"$($_tasker_line[1] candidates $1 $ask 2>/dev/null)"})
    found=(${found//:/\\:})
    found=(${found/$'\t'/:})
    _describe -t $1 $1 found
}

_tasker_signals() {
    compadd "$@" - @SIGNALS@
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
"""
ACTIONS = {
    "job": " _tasker_candidates job",
    "running": " _tasker_candidates running",
    "target": " _tasker_targets",
    "context": " _tasker_candidates context",
    "signal": "_tasker_signals",
    "file": "_files",
    "directory": "_files -/",
    "any": " ",
}


def script(places: Iterable[Place]) -> str:
    """Returns the script."""
    lines = ["#compdef tasker", "# zsh completion for tasker, made by: tasker completion zsh"]
    for place in places:
        lines += ["", f"_tasker_at_{_name(place.words)}() {{", *_body(place), "}"]
    program = PROGRAM.replace("@CONNECTION@", " | ".join(CONNECTION)).replace("@SIGNALS@", " ".join(signals()))
    return "\n".join(lines) + "\n" + program


def _body(place: Place) -> list[str]:
    specs = [_option(option) for option in place.options]
    if not place.children:
        if place.operand == "command":
            specs.append("'*:::command:_normal'")
        elif place.operand:
            several, what = "*" if place.several else "1", place.operand if place.operand in ACTIONS else "word"
            specs.append(f"'{several}:{what}:{_action(place.operand)}'")
        return ["    _arguments -S \\", *[f"        {spec} \\" for spec in specs[:-1]], f"        {specs[-1]}"]
    lines = ["    local curcontext=$curcontext state line", "    typeset -A opt_args", "    _arguments -C -S \\"]
    lines += [f"        {spec} \\" for spec in specs]
    lines += ["        '1:verb:->verb' \\", "        '*::argument:->rest' && return", "    case $state in"]
    lines += ["        verb)", "            local -a verbs=("]
    lines += [f"                '{_quoted(name)}:{_quoted(summary)}'" for name, summary in place.children.items()]
    lines += ["            )", "            _describe verb verbs", "            ;;", "        rest)"]
    lines += ["            case $line[1] in"]
    lines += [f"                {name}) _tasker_at_{_name((*place.words, name))} ;;" for name in place.children]
    return [*lines, "            esac", "            ;;", "    esac"]


def _option(option: Option) -> str:
    """Returns an option in the syntax of `_arguments`: [description]:metavar:candidates."""
    what = f"[{_escaped(option.help)}]"
    value = f":{_escaped(option.metavar)}:{_action(option.kind)}" if option.kind else ""
    long = [f"{name}=" if value and name.startswith("--") else name for name in option.names]
    if len(option.names) == 1:
        return f"'*{long[0]}{what}{value}'"
    return f"'*'{{{','.join(long)}}}'{what}{value}'"


def _action(kind: str) -> str:
    return ACTIONS.get(kind, f"({kind})")


def _escaped(text: str) -> str:
    for sign in "\\[]:":
        text = text.replace(sign, f"\\{sign}")
    return _quoted(text)


def _quoted(text: str) -> str:
    return text.replace("%%", "%").replace("'", "'\\''")


def _name(words: tuple[str, ...]) -> str:
    return "_".join(words)
