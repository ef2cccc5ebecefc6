"""The browser's modules as one script, made when the studio starts: a page fetches one file instead of seventy, and
nobody runs a build."""

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from posixpath import dirname, join, normpath

try:
    from rjsmin import jsmin
except ImportError:  # it has no wheel for this system: comments and indentation are sent too, and compressed
    jsmin = str

# Each begins a line, as prettier writes them; what else a module could say is refused below.
_IMPORT = re.compile(r'^import (?:\* as (\w+)|\{([^}]*)\}) from "(\.[^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const)\*? (\w+))", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)
_IN_CODE = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|[`{}]""", re.DOTALL)
_IN_TEMPLATE = re.compile(r"\\.|`|\$\{", re.DOTALL)


def joined_modules(folder: Path, entries: list[str]) -> str:
    """The modules of `folder` that `entries` need, minified; it exports the namespace of each entry, by its name.

    Every module becomes a function that is called once and returns what the module exports, after those that it
    imports. Raises ValueError for a circle of imports, and for a statement that this does not know.
    """
    return _joined(tuple(_in_order(folder, [f"{entry}.js" for entry in entries], {})), tuple(entries))


@lru_cache(maxsize=1)  # whoever opens another library in the app gets the same script
def _joined(order: tuple[tuple[str, str], ...], entries: tuple[str, ...]) -> str:
    number = {name: at for at, (name, _) in enumerate(order)}
    parts = [f"const m{number[name]} = (() => {{\n{_body(name, text, number)}\n}})();" for name, text in order]
    namespaces = ", ".join(f"m{number[f'{entry}.js']} as {entry}" for entry in entries)
    return str(jsmin("\n".join([*parts, f"export {{ {namespaces} }};"])))


def _in_order(folder: Path, names: list[str], seen: dict[str, bool]) -> Iterator[tuple[str, str]]:
    """Each module with its text, after those that it imports; `seen` says of those met whether they are done."""
    for name in names:
        if name in seen:
            if not seen[name]:
                raise ValueError(f"{name} imports itself through others.")
            continue
        seen[name] = False
        text = (folder / name).read_text("utf-8")
        yield from _in_order(folder, [_path(name, found[3]) for found in _IMPORT.finditer(text)], seen)
        seen[name] = True
        yield name, text


def _path(importer: str, named: str) -> str:
    return normpath(join(dirname(importer), named))


def _body(name: str, text: str, number: dict[str, int]) -> str:
    def imported(found: re.Match[str]) -> str:
        namespace, names, path = found.groups()
        return f"const {namespace or '{' + names.replace(' as ', ': ') + '}'} = m{number[_path(name, path)]};\n"

    exported = [found[1] for found in _EXPORT.finditer(text)]
    body = _EXPORT.sub("", _IMPORT.sub(imported, text))
    if other := _OTHER.search(body):
        raise ValueError(f"{name} says “{other[0]}”, which modules here do not.")
    if nested := _nested_template(text):
        raise ValueError(f"{name} has a template within a template, whose blanks get lost: {nested}")
    return f"{body}return {{ {', '.join(exported)} }};"


def _nested_template(text: str) -> str | None:
    """The line that a template literal within another one begins in: rjsmin takes its words for code."""
    opened: list[str] = []
    at = 0
    while found := (_IN_TEMPLATE if opened[-1:] == ["`"] else _IN_CODE).search(text, at):
        token, at = found[0], found.end()
        if token == "`" and opened[-1:] != ["`"] and "${" in opened:
            return text[text.rfind("\n", 0, at) + 1 :].partition("\n")[0].strip()
        if opened and (token == "}" or token == opened[-1] == "`"):
            opened.pop()
        elif token in ("`", "{", "${"):
            opened.append(token)
    return None
