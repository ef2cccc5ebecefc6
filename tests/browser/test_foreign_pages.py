"""What another site's page can do to the studio in a real browser: open its front page by a link, and nothing else."""

import http.server
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Served

PAGES = ("library", "search", "map", "annotate", "models", "overview")


@pytest.fixture
def elsewhere() -> Iterator[Callable[[str], str]]:
    """Serves a page of another site; gives its address. Names of this machine other than ours are other sites."""
    body = b""

    class Site(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body if self.path == "/" else b"<script>window.__pwned = 1</script>")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()

        def serve(html: str) -> str:
            nonlocal body
            body = html.encode()
            return f"http://localhost:{server.server_port}/"

        yield serve
        server.shutdown()


def test_no_page_breaks_the_content_policy_and_no_inline_script_runs(page: Page, served: Served, bikes: str) -> None:
    broken: list[str] = []
    page.on("console", lambda said: broken.append(said.text) if "Content Security Policy" in said.text else None)
    for name in PAGES:
        page.goto(f"{served.url}?view={name}" + (f"&video={bikes}" if name == "annotate" else ""))
        page.wait_for_selector(f"#page-{name} h1, #page-{name} h2, #page-{name} canvas", state="attached")
    assert broken == []
    ran = page.evaluate(
        """async () => {
            const add = (html) => document.body.insertAdjacentHTML("beforeend", html);
            add('<img src="/nowhere" onerror="window.__pwned = 1">');
            add('<iframe srcdoc="<script>parent.__pwned = 1</script>"></iframe>');
            const script = document.createElement("script");
            script.textContent = "window.__pwned = 1";
            document.body.append(script);
            await new Promise((done) => setTimeout(done, 500));
            return window.__pwned ?? 0;
        }"""
    )
    assert ran == 0
    assert len(broken) >= 2


def test_a_link_leads_to_the_front_page_only(page: Page, served: Served, elsewhere: Callable[[str], str]) -> None:
    target = elsewhere("<script>window.__pwned = 1</script>")
    paths = ["", "export/x", "media/x", "config", f"gradio_api/file={target}x", f"gradio_api/proxy={target}x"]
    links = "".join(f'<a id="l{n}" href="{served.url}{path}">x</a>' for n, path in enumerate(paths))
    for n, path in enumerate(paths):
        page.goto(elsewhere(links))
        with page.expect_navigation() as reached:
            page.click(f"#l{n}")
        assert reached.value is not None
        assert (reached.value.status == 200) == (path == ""), path
        assert page.evaluate("window.__pwned ?? 0") == 0


def test_a_foreign_page_reads_and_changes_nothing(page: Page, served: Served, elsewhere: Callable[[str], str]) -> None:
    page.goto(elsewhere(f'<iframe src="{served.url}"></iframe><img id="i" src="{served.url}web/icons/moment.svg">'))
    told = page.evaluate(
        """async (url) => {
            const told = [];
            for (const [path, options] of [
                ["config", {}],
                ["config", { mode: "no-cors" }],
                ["upload?name=x.mp4", { method: "POST", body: "x", mode: "no-cors" }],
                ["gradio_api/component_server", { method: "POST", body: "{}", mode: "no-cors" }],
                ["gradio_api/process_recording", { method: "POST", body: new FormData(), mode: "no-cors" }],
                ["login", { method: "POST", body: new URLSearchParams({ name: "x" }), mode: "no-cors" }],
            ]) told.push(await fetch(url + path, options).then((r) => r.type + r.status, () => "refused"));
            return told;
        }""",
        served.url,
    )
    assert set(told) <= {"refused", "opaque0"}
    assert page.evaluate("document.querySelector('#i').naturalWidth") == 0
    assert page.frames[1].url != served.url or page.frames[1].evaluate("document.body.innerText.length") < 200
