"""Twenty annotators at once on one server: nginx with HTTPS in front of the studio, everybody logged in, with a video
open and news coming in, as pages do it. Needs nginx and openssl."""

import asyncio
import os
import random
import shutil
import sqlite3
import ssl
import statistics
import subprocess
import sys
import time
import uuid
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from studio.assets.demo import clip_folder
from studio.config import Settings
from studio.service import Studio
from tests.browser.conftest import free_port

PEOPLE, SHARED_BY, MINUTES = 20, 4, float(os.environ.get("STUDIO_TEAM_MINUTES", "10"))
THINK_S = 1.0, 4.0  # between two edits of a person
NAME = "studio.test"
LENGTH_S = 10.0  # of the video
PASSWORD = "correct horse battery staple"

NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port} ssl; server_name {name};
    ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
    client_max_body_size 10g;
    location / {{
      proxy_pass http://127.0.0.1:{studio}; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header X-Forwarded-Host $host; proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_buffering off; proxy_read_timeout 1h;
    }}
  }}
}}
"""


@dataclass
class Told:
    """What one run of annotators saw: how long each edit took until it was acknowledged (ms), and which were."""

    spans: list[float] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def run(folder: Path) -> dict[str, object]:
    """One annotator alone, then twenty for ten minutes, then one again, at one server. An edit makes, moves or deletes
    a segment; four people share a video. p95 of the time until an edit is acknowledged, edits that are not in the
    database afterwards, and the memory of the server after the first minute and at the end. STUDIO_TEAM_MINUTES makes
    it shorter."""
    if not shutil.which("nginx") or not shutil.which("openssl"):
        return {}
    home = folder / "team" / "home"
    videos = library(home)
    port, outside = free_port(), free_port()
    proxy = nginx(folder / "team", port, outside)
    command = [sys.executable, "-m", "studio.cli", "serve", "--no-browser", "--home", str(home), "--port", str(port),
               "--device", "cpu", "--behind-proxy", NAME]  # fmt: skip
    with (folder / "team" / "server.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        url = f"https://127.0.0.1:{outside}"
        wait(url, folder / "team")
        alone = asyncio.run(annotate(url, folder / "team", videos[:1], 1, 60.0))
        early, late, many = asyncio.run(crowd(url, folder / "team", videos, server.pid))
        again = asyncio.run(annotate(url, folder / "team", videos[:1], 1, 60.0))
    finally:
        server.terminate()
        server.wait(30)
        proxy.terminate()
        proxy.wait(30)
    kept = {edit for told in (alone, many, again) for edit in told.kept}
    with closing(sqlite3.connect(home / "studio.db")) as db:
        there = {edit for (edit,) in db.execute("SELECT edit_id FROM revisions")}
    return {
        "one annotator, an edit until it is acknowledged (ms, median, p95)": _said(alone.spans + again.spans),
        f"{PEOPLE} annotators, the same": _said(many.spans),
        f"p95, {PEOPLE} annotators : one": round(p95(many.spans) / p95(alone.spans + again.spans), 2),
        f"edits of the {PEOPLE}": len(many.spans),
        "of them refused because another had changed the segment": len(many.refused),
        "acknowledged and not in the database": len(kept - there),
        "memory of the server after one minute, and at the end (MiB)": f"{early >> 20}, {late >> 20}",
        "memory, end : first minute": round(late / early, 3),
        "errors in the server's log": (folder / "team" / "server.log").read_text().count("Traceback"),
    }


def p95(spans: list[float]) -> float:
    return statistics.quantiles(spans, n=20)[-1]


def _said(spans: list[float]) -> str:
    return f"{statistics.median(spans):.1f}, {p95(spans):.1f}"


def library(home: Path) -> list[str]:
    """Videos, and a user for each annotator."""
    with closing(Studio(Settings(home=home, device="cpu"))) as studio:
        videos = []
        for number in range(PEOPLE // SHARED_BY):
            film = home / f"talk {number}.mp4"
            film.write_bytes((clip_folder() / "bikes.mp4").read_bytes() + bytes([number]))
            videos.append(str(studio.videos.add(film)["id"]))
            studio.jobs.index(videos[-1])
        for number in range(PEOPLE):
            studio.users.put(f"person{number}", PASSWORD)
    return videos


def nginx(folder: Path, studio: int, port: int) -> "subprocess.Popen[bytes]":
    """A proxy that ends HTTPS, as docs/deploy.md sets it up."""
    certificate = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}",
                   "-addext", f"subjectAltName=DNS:{NAME},IP:127.0.0.1",
                   "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]  # fmt: skip
    subprocess.run(certificate, check=True, stderr=subprocess.DEVNULL)
    settings = folder / "nginx.conf"
    settings.write_text(NGINX.format(folder=folder, port=port, studio=studio, name=NAME))
    return subprocess.Popen(["nginx", "-p", str(folder), "-c", str(settings)], stderr=subprocess.DEVNULL)


def client(url: str, folder: Path) -> httpx.AsyncClient:
    trust = ssl.create_default_context(cafile=str(folder / "cert.pem"))
    return httpx.AsyncClient(
        base_url=url, headers={"host": NAME, "origin": f"https://{NAME}"}, verify=trust, timeout=60
    )


def wait(url: str, folder: Path) -> None:
    async def there() -> bool:
        async with client(url, folder) as http:
            with suppress(httpx.HTTPError):
                return (await http.get("/login")).status_code == 200
        return False

    deadline = time.monotonic() + 120
    while not asyncio.run(there()):
        if time.monotonic() > deadline:
            raise RuntimeError((folder / "server.log").read_text()[-2000:])
        time.sleep(0.5)


async def crowd(url: str, folder: Path, videos: list[str], pid: int) -> tuple[int, int, Told]:
    """All at once; the memory of the server after a minute and at the end, in bytes."""
    process = psutil.Process(pid)
    working = asyncio.create_task(annotate(url, folder, videos, PEOPLE, 60 * MINUTES))
    await asyncio.sleep(min(60.0, 30 * MINUTES))
    early = process.memory_info().rss
    told = await working
    return early, process.memory_info().rss, told


async def annotate(url: str, folder: Path, videos: list[str], people: int, seconds: float) -> Told:
    told = Told()
    until = time.monotonic() + seconds
    await asyncio.gather(*(
        Annotator(url, folder, n, videos[n % len(videos)], told).work(until) for n in range(people)
    ))  # fmt: skip
    return told


class Annotator:
    """A person with a page of a video open: it loads the document, listens for changes and fetches what they are, plays
    parts of the video, and sends edits."""

    def __init__(self, url: str, folder: Path, number: int, video: str, told: Told) -> None:
        self._number, self._video, self._told = number, video, told
        self._http = client(url, folder)
        self._random = random.Random(number)
        self._components: dict[str, int] = {}
        self._own: dict[str, dict[str, Any]] = {}
        self._seq = self._runs = 0

    async def work(self, until: float) -> None:
        async with self._http:
            entered = await self._http.post("/login", data={"name": f"person{self._number}", "password": PASSWORD})
            assert entered.status_code in (200, 303), entered.text
            config = (await self._http.get("/config")).json()
            self._components = {
                name: each["id"] for each in config["components"] for name in each["props"].get("server_fns") or []
            }
            document = await self._call("load_document", {"video": self._video})
            self._seq = document["seq"]
            listening = asyncio.create_task(self._listen())
            while time.monotonic() < until:
                await asyncio.sleep(self._random.uniform(*THINK_S))
                await self._edit()
                if self._random.random() < 0.2:
                    start = self._random.randrange(200_000)
                    await self._http.get(f"/media/{self._video}", headers={"range": f"bytes={start}-{start + 262_143}"})
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening

    async def _listen(self) -> None:
        """The stream of changes; at each that may be about its video the page asks what changed, one call after the
        other."""
        async with self._http.stream("GET", "/changes", params={"video": self._video}, timeout=None) as stream:
            changed = False
            async for line in stream.aiter_lines():
                name, _, value = line.partition(":")
                changed = value.strip() == "changed" if name == "event" else changed
                if changed and name == "data" and (not value or self._video in value.split()):
                    news = await self._call(
                        "changes", {"video": self._video, "since": self._seq, "run_since": self._runs}
                    )
                    self._seq, self._runs = news["seq"], news["run_seq"]
                    for made in news["annotations"]:
                        if made["id"] in self._own:
                            self._own[made["id"]] = made

    async def _edit(self) -> None:
        choice = self._random.random()
        edit_id = uuid.uuid4().hex
        start = round(self._random.uniform(0, LENGTH_S - 2), 2)
        span = {"start": start, "end": start + round(self._random.uniform(0.2, 1.9), 2)}
        if choice < 0.5 or not self._own:
            new = {"op": "create", "id": uuid.uuid4().hex, "base_version": 0, "track": f"Row {self._number % 4}",
                   "label": self._random.choice(("nod", "smile", "gaze")), **span}  # fmt: skip
        else:
            made = self._random.choice(list(self._own.values()))
            new = {**made, "op": "delete" if choice > 0.9 else "update", "base_version": made["version"]}
            new = new if choice > 0.9 else {**new, **span}
        began = time.perf_counter()
        answer = await self._call("save", {"video": self._video, "edits": [{**new, "edit_id": edit_id}]})
        self._told.spans.append(1000 * (time.perf_counter() - began))
        (result,) = answer["results"]
        if not result["ok"]:
            self._told.refused.append(edit_id)
            self._own.pop(new["id"], None)
            return
        self._told.kept.append(edit_id)
        if new["op"] == "delete":
            self._own.pop(new["id"], None)
        else:
            self._own[new["id"]] = result["annotation"]

    async def _call(self, name: str, request: dict[str, Any]) -> Any:
        sent = {
            "data": request,
            "fn_name": name,
            "component_id": self._components[name],
            "session_hash": f"s{self._number}",
        }
        reply = await self._http.post("/gradio_api/component_server/", json=sent)
        answer = reply.json()
        if not answer.get("ok"):
            raise RuntimeError(f"{name}: {reply.status_code} {answer}")
        return answer["data"]
