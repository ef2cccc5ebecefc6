"""One script and one style sheet: what is in them, how they travel, how long they are kept."""

import gzip
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import brotli
import pytest
from starlette.testclient import TestClient

from studio.app import create_app, pages
from studio.app.rpc import PAGES
from studio.app.web_files import FOR_EVER, WebFiles
from studio.assets import FOLDER
from studio.assets.joined import joined_modules
from studio.service import Studio
from tests.node import NODE

BASE = """export const made = [];
made.push("base");
export class Thing {
  #own = `a
  // b`;
  own = () => this.#own;
}
"""
LEFT = """import { made, Thing as Other } from "./base.js";

export async function own() {
  return new Other().own() + made.length;
}
"""
RIGHT = """import * as base from "./base.js";

export const same = base.made;
"""
PAGE = """import { own } from "./left.js";
import {
  same,
} from "./right.js";

export function mount() {
  own().then((text) => console.log(JSON.stringify([text, same])));
}
"""


@pytest.fixture
def client(studio: Studio) -> Iterator[TestClient]:
    with TestClient(create_app(studio), base_url="http://127.0.0.1:7860") as made:
        yield made


def write(folder: Path, **modules: str) -> Path:
    for name, text in modules.items():
        (folder / f"{name}.js").write_text(text, "utf-8")
    return folder


def namespaces(script: str) -> dict[str, str]:
    """Entry → the name of its namespace within the script, whose last statement exports them."""
    return {entry: name for name, entry in re.findall(r"(m\d+) as (\w+)", script[script.rindex("export") :])}


def run(script: str, tmp_path: Path) -> str:
    """What the script prints after it is joined and loaded."""
    (tmp_path / "joined.mjs").write_text(script, "utf-8")
    return subprocess.check_output([NODE, tmp_path / "joined.mjs"], text=True, timeout=60).strip()


def test_modules_see_what_they_import_and_each_is_run_once(tmp_path: Path) -> None:
    folder = write(tmp_path, base=BASE, left=LEFT, right=RIGHT, page=PAGE)
    script = joined_modules(folder, ["page", "left"])
    names = namespaces(script)
    assert set(names) == {"page", "left"}
    assert run(f"{script}\n{names['page']}.mount();", tmp_path) == r'["a\n  // b1",["base"]]'


def test_what_cannot_be_joined_is_refused(tmp_path: Path) -> None:
    write(tmp_path, a='import { b } from "./b.js";\n', b='import { a } from "./a.js";\n', c="export default 1;\n")
    with pytest.raises(ValueError, match=r"a\.js imports itself through others"):
        joined_modules(tmp_path, ["a"])
    with pytest.raises(ValueError, match=r"c\.js says “export default 1;”"):
        joined_modules(tmp_path, ["c"])


def test_the_joined_script_of_the_product_is_whole(tmp_path: Path) -> None:
    script = joined_modules(FOLDER / "web" / "js", ["main"])
    # of a page it only asks for the element here; each fails to fill what is none, is told of, and stops no other
    browser = "const window = globalThis; globalThis.location = {search: ''}; globalThis.history = {};"
    browser += (
        "const asked = []; globalThis.reportError = () => asked.push('failed'); globalThis.addEventListener = () => {};"
    )
    browser += "globalThis.document = {addEventListener() {}, body: {dataset: {}},"
    browser += " getElementById(id) { asked.push(id); return {dataset: {}}; }};"
    said = run(f"{browser}\n{script}\nconsole.log(asked.join());", tmp_path)
    assert said.split(",")[::2] == [f"page-{name}" for name in PAGES]
    assert set(said.split(",")[1::2]) == {"failed"}
    if sys.platform == "linux":  # where there is a wheel of what makes it small
        assert "@param" not in script


@pytest.fixture
def web(studio: Studio) -> WebFiles:
    return WebFiles(pages.build(studio), studio.libraries.id)


def test_the_page_names_them_and_they_are_kept_while_they_are_the_same(client: TestClient, web: WebFiles) -> None:
    page = client.get("/").text
    assert f'<script type="module" src="{web.script.address}"></script>' in page
    assert f'<link rel="stylesheet" href="{web.style.address}">' in page
    for file in (web.script, web.style):
        kept, other = client.get(file.address), client.get(f"{file.path}?v=older")
        assert (kept.status_code, other.status_code) == (200, 200)
        assert (kept.headers["cache-control"], other.headers["cache-control"]) == (FOR_EVER, "no-cache")
        assert kept.text == other.text


@pytest.mark.parametrize(
    ("accepted", "encoding", "decode"),
    [
        ("gzip, deflate, br", "br", brotli.decompress),
        ("gzip;q=0.5", "gzip", gzip.decompress),
        ("identity", None, bytes),
    ],
)
def test_they_travel_compressed(
    client: TestClient, web: WebFiles, accepted: str, encoding: str | None, decode: object
) -> None:
    address = web.style.address
    with client.stream("GET", address, headers={"accept-encoding": accepted}) as answer:
        assert answer.headers.get("content-encoding") == encoding
        assert answer.headers["vary"] == "Accept-Encoding"
        raw = b"".join(answer.iter_raw())
    assert decode(raw).startswith((FOLDER / "web" / "css" / "studio.css").read_bytes())  # type: ignore[operator]


def test_the_document_is_asked_for_each_time_and_sent_when_it_is_new(client: TestClient) -> None:
    first = client.get("/")
    assert (first.status_code, first.headers["cache-control"]) == (200, "no-cache")
    again = client.get("/", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/", headers={"if-none-match": '"older"'}).content == first.content


def test_the_document_has_every_page_and_names_its_component(client: TestClient) -> None:
    """A number that is another page's would call another page's functions."""
    document = client.get("/").text
    named = dict(re.findall(r'<div id="page-(\w+)" class="studio-page" data-component="(\d+)">', document))
    assert list(named) == list(PAGES)
    components = {each["id"]: each["props"].get("elem_id") for each in client.get("/config").json()["components"]}
    assert {name: components[int(number)] for name, number in named.items()} == {n: f"page-{n}" for n in PAGES}
    assert "<!--" not in document and "<script>" not in document


def test_every_page_is_mounted() -> None:
    main = (FOLDER / "web" / "js" / "main.js").read_text("utf-8")
    assert set(re.findall(r'from "\./(\w+)\.js"', main)) == set(PAGES)


@pytest.mark.parametrize(
    ("module", "refused"),
    [
        ("export const a = (b) => `${b ? ` (${b})` : ''}`;", True),
        ("export const a = (b) => `${b.map(({ c }) => `${c}  d`)}`;", True),
        ("export const a = (b) => `${b ? ' (b)' : \"`\"} it's` + `${b}`; // `${`", False),
        ("export const a = { b: `}` }; /* ` */ export const c = `${a.b}  ${{ d: 1 }.d}`;", False),
    ],
)
def test_a_template_within_a_template_is_refused(tmp_path: Path, module: str, refused: bool) -> None:
    """The minifier takes the words of the inner one for code, and drops their blanks."""
    folder = write(tmp_path, page=module.replace("; ", ";\n"))
    if refused:
        with pytest.raises(ValueError, match="a template within a template"):
            joined_modules(folder, ["page"])
    else:
        assert "}" in joined_modules(folder, ["page"])
