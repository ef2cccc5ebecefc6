"""What somebody does on the first day, in a process that takes itself for Windows or macOS:
`python -m tests.platform.first_day SYSTEM FOLDER CLIP [workers]`. Prints what was found, as JSON; a test reads it.

With `workers` the models run in spawned processes, which take themselves for the same system, as in `studio serve`.
"""

import json
import os
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from tests.platform import pretend

SYSTEM, FOLDER = "STUDIO_PRETENDED_SYSTEM", "STUDIO_PRETENDED_FOLDER"
DECODER = "from tests.platform import pretend; pretend.install({system!r}); from studio.media.child import main"


def main(folder: Path, clip: Path, *, workers: bool) -> dict[str, Any]:
    """Add, index, search, edit, save, export, import, back up, serve a page; then remove all of it."""
    from studio.media import sandbox
    from studio.platform import system

    here = os.environ[SYSTEM]
    sandbox._BOOT = sandbox._BOOT.replace("from studio.media.child import main", DECODER.format(system=here))

    from starlette.testclient import TestClient

    from studio.app import create_app
    from studio.cli import main as studio_command
    from studio.config import Settings
    from studio.jobs import ProcessBackend
    from studio.service import Studio
    from studio.service.exchange import dataset

    home = folder / "home"
    found: dict[str, Any] = {"system": type(system).__name__, "launcher": type(sandbox._launcher).__name__}

    def command(*arguments: object) -> Any:
        with redirect_stdout(StringIO()) as printed:
            status = studio_command([*map(str, arguments), "--home", str(home), "--device", "cpu"])
        assert status == 0, (arguments, printed.getvalue())
        text = printed.getvalue()
        return json.loads(text) if "--json" in arguments else text

    settings = Settings(home=home, device="cpu")
    backend = ProcessBackend(settings) if workers else None
    studio = Studio(settings, backend=backend)
    with TestClient(create_app(studio), base_url="http://127.0.0.1:7860") as client:
        found["page"] = "<!doctype html" in client.get("/", headers={"accept": "text/html"}).text.lower()
        script = client.get("/web/js/sync/api.js")
        found["script"] = script.headers["content-type"]
        reply = client.post("/upload?name=NUL.mp4", content=clip.read_bytes()).json()
        video = reply["data"]["id"]
        found["uploaded"] = studio.videos.get(video)["name"]
        studio.jobs.index(video)
        studio.jobs.index(video)  # its files are there and may be in use
        edit = {"edit_id": "e1", "op": "create", "base_version": 0, "id": "a", "track": "Con", "label": "aux",
                "note": "é", "start": 0.5, "end": 1.0}  # fmt: skip
        found["saved"] = [r.get("kind") or "saved" for r in studio.timelines.save(video, [edit], "ann")["results"]]
        found["played"] = len(client.get(f"/media/{video}").content) == clip.stat().st_size
        found["picture"] = client.get(f"/thumbnail/{video}?t=1").content[:2].hex()
        again = client.post("/upload?name=again.mp4", content=clip.read_bytes()).json()
        found["uploaded twice"] = again["data"]["id"] == video
        export = studio.exchange.export(video, "nova")
        (folder / "layers.zip").write_bytes(export)
        studio.datasets.export(folder / "set", dataset.ExportOptions(format="elan", clips=True))
        found["files"] = sorted(path.name for path in (folder / "set" / "annotations").rglob("*.eaf"))
    found["hits"] = [hit["video"] for hit in command("search", "a bicycle on a street", "--json")["hits"]]
    found["imported"] = command("import", folder / "layers.zip", "--video", video, "--json")["segments"]
    command("backup", folder / "copy.db")
    command("restore", folder / "copy.db")
    found["annotations"] = len(command("annotations", video, "--json")["annotations"])
    found["doctor"] = [
        check["found"] for check in command("doctor", "--json")["checks"] if check["what"] == "Protection"
    ]

    studio = Studio(settings)
    with studio.media.original(studio.videos.get(video)).open("rb"):  # a player has it open
        studio.videos.remove(video)
        found["deleted while open"] = len(studio.videos.trash.empty())
    found["deleted"] = len(studio.videos.trash.empty())
    found["left"] = [path.name for path in (home / "uploads").iterdir()] + list(studio.cache.videos())
    studio.close()
    found["video"] = video
    found["calls"] = sorted({str(call[0]) for call in pretend.LOG})
    return found


if __name__ == "__main__":
    os.environ[SYSTEM], os.environ[FOLDER] = sys.argv[1:3]
if __name__ in ("__main__", "__mp_main__"):  # a spawned worker imports this file, too
    pretend.install(os.environ[SYSTEM], os.environ[FOLDER])
if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[2]), Path(sys.argv[3]), workers="workers" in sys.argv)))
