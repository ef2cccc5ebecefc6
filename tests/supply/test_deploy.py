"""The files of docs/deploy: what they run is there, with options that it has, and without rights that it needs not."""

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from studio.cli import parser
from studio.config import Settings
from studio.service import Studio
from tests.browser.conftest import free_port

ROOT = Path(__file__).parents[2]
FILES = ROOT / "docs" / "deploy"
Instruction = tuple[str, str]


def instructions() -> list[Instruction]:
    """Of the Containerfile, each with what it says."""
    lines = (FILES / "Containerfile").read_text().replace("\\\n", " ").splitlines()
    return [
        (word, rest.strip()) for line in lines if line and not line.startswith("#")
        for word, _, rest in [line.partition(" ")]
    ]  # fmt: skip


def said(word: str) -> list[str]:
    return [rest for name, rest in instructions() if name == word]


def unit(name: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in (FILES / name).read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def test_the_container_is_built_from_the_lock_and_runs_without_rights() -> None:
    names = [word for word, _ in instructions()]
    assert set(names) <= {
        "FROM", "WORKDIR", "COPY", "RUN", "USER", "ENV", "VOLUME", "EXPOSE", "HEALTHCHECK", "CMD",
    }, "nothing is fetched by ADD, and nothing is a secret of ARG"  # fmt: skip
    assert all(":" in image and not image.split()[0].endswith(":latest") for image in said("FROM"))
    assert said("USER") == ["studio"] and names.index("USER") > len(names) - 1 - names[::-1].index("FROM")
    after = names[names.index("USER") :]
    assert "RUN" not in after and "COPY" not in after
    lock = next(step for step in said("RUN") if "requirements.lock" in step)
    assert "--require-hashes" in lock and "--no-deps" in lock
    for step in said("COPY"):
        *sources, _ = [part for part in step.split() if not part.startswith("--")]
        if "--from=build" not in step:
            assert all((ROOT / source).exists() for source in sources), step


def test_what_the_files_run_has_the_options_that_they_name() -> None:
    commands = [json.loads(said("CMD")[0])]
    for name in ("moment-studio.service", "moment-studio-backup.service"):
        (line,) = unit(name)["ExecStart"]
        words = shlex.split(line.replace("$(date +%%u)", "1"))
        commands.append(shlex.split(words[2].removeprefix("exec ")) if words[0] == "/bin/sh" else words)
    for program, *arguments in commands:
        assert program == "/opt/moment-studio/.venv/bin/studio"
        assert callable(parser().parse_args(arguments).run)
    (health,) = said("HEALTHCHECK")
    compile(json.loads(health[health.index("CMD") + 4 :])[2], "HEALTHCHECK", "exec")


@pytest.mark.parametrize("name", ["moment-studio.service", "moment-studio-backup.service"])
def test_the_services_have_no_rights(name: str) -> None:
    found = unit(name)
    assert found["User"] == ["moment-studio"]
    for key, value in (
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("UMask", "0077"),
    ):
        assert found[key] == [value], key


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
@pytest.mark.parametrize(
    "name", ["moment-studio.service", "moment-studio-backup.service", "moment-studio-backup.timer"]
)
def test_systemd_reads_them(name: str) -> None:
    done = subprocess.run(["systemd-analyze", "verify", str(FILES / name)], capture_output=True, text=True)
    wrong = [line for line in done.stderr.splitlines() if name in line and "is not executable" not in line]
    assert wrong == []


@pytest.mark.skipif(shutil.which("nginx") is None or shutil.which("openssl") is None, reason="nginx is not installed")
def test_nginx_reads_its_file(tmp_path: Path) -> None:
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=studio.example.org",
            "-keyout", str(tmp_path / "key"), "-out", str(tmp_path / "pem")]  # fmt: skip
    subprocess.run(make, check=True, capture_output=True)
    server = (FILES / "nginx.conf").read_text()
    server = server.replace("/etc/ssl/studio.example.org.key", str(tmp_path / "key"))
    server = server.replace("/etc/ssl/studio.example.org.pem", str(tmp_path / "pem"))
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid; error_log {tmp_path}/log; events {{}} http {{ access_log off; {server} }}"
    )
    command = ["nginx", "-t", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert "syntax is ok" in done.stderr, done.stderr


@pytest.mark.release
def test_the_steps_of_the_container_run_by_hand(tmp_path: Path) -> None:
    """Each RUN step of the first stage in a folder of its own, then what it serves, and whether it is healthy."""
    built = tmp_path / "opt"
    built.mkdir()
    for step in said("COPY"):
        *sources, _ = [part for part in step.split() if not part.startswith("--")]
        for source in () if "--from=build" in step else sources:
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, built / source, symlinks=True)
            else:
                shutil.copy(ROOT / source, built / source)
    for step in [step for step in said("RUN") if "useradd" not in step]:
        words = shlex.split(step)
        words[0] = sys.executable if words[0] == "python" else str(built / words[0])
        subprocess.run(words, cwd=built, check=True)
    home, port = tmp_path / "library", free_port()
    studio = Studio(Settings(home=home))
    studio.users.put("anna", "correct horse battery staple", admin=True)
    studio.close()
    _, *arguments = json.loads(said("CMD")[0])
    arguments = [str(port) if each == "7860" else str(tmp_path) if each == "/films" else each for each in arguments]
    environment = {**os.environ, "STUDIO_HOME": str(home), "PYTHONPATH": ""}
    (health,) = said("HEALTHCHECK")
    check = json.loads(health[health.index("CMD") + 4 :])[2].replace("7860", str(port))
    with subprocess.Popen([str(built / ".venv/bin/studio"), *arguments], env=environment, cwd=tmp_path) as server:
        try:
            for _ in range(120):
                try:
                    exec(check, {})
                    break
                except OSError:
                    assert server.poll() is None
                    time.sleep(1)
            with pytest.raises(urllib.error.HTTPError, match="401"):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/config", timeout=5)
        finally:
            server.terminate()
