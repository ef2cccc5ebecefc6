"""What a process keeps warm from one job to the next."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from studio import models
from studio.config import Settings
from studio.models import registry
from studio.tasks import TaskContext, time_encoder
from tests import gallery


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TaskContext:
    """One whose models have a name and nothing else."""

    def load(task: str, name: str | None, *rest: Any) -> Any:
        return SimpleNamespace(name=name or "default", version="1")

    monkeypatch.setattr("studio.tasks.context.models.load", load)
    return TaskContext(Settings(home=tmp_path, device="cpu").ensure())


def test_two_encoders_stay_warm_the_librarys_and_the_one_used_last(context: TaskContext) -> None:
    own = context.model("text_video")
    context.model("grounding", "tag")
    for name in ("a", "b", "a", "c", "b"):
        context.model("text_video", name)
        assert len([each for each in context.loaded() if each != "tag"]) == 2
    assert context.loaded() == ["b", "default", "tag"]
    assert context.model("text_video") is own


def test_the_one_used_last_stays_where_the_librarys_is_not_loaded(context: TaskContext) -> None:
    for name in ("a", "b", "a", "c"):
        context.model("text_video", name)
    assert context.loaded() == ["a", "c"]
    context.model("text_video")
    assert context.loaded() == ["c", "default"]


def test_an_encoder_that_was_only_measured_is_not_kept(context: TaskContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.models.text_video.speed.images_per_second", lambda encoder: 7.0)
    monkeypatch.setattr("studio.models.text_video.speed.multiply_adds_per_second", lambda device: 1e9)
    context.model("text_video")
    for name in ("a", "b"):
        assert time_encoder(context, name) == 7.0
    assert context.loaded() == ["default"]


def test_an_encoder_whose_file_was_replaced_is_loaded_anew(
    context: TaskContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the warm one embeds would be kept for a version that nobody asks for."""
    gallery.put_card(context.settings.home)
    record = registry.record_of(context.settings.models / f"{gallery.NAME}.weights")

    def load(task: str, name: str, device: str, folder: Path) -> Any:
        return SimpleNamespace(name=name, version=registry.version(models.card(task, name, folder), folder))

    monkeypatch.setattr("studio.tasks.context.models.load", load)
    record.write_text('{"sha256": "aaaaaaaaaaaa"}', encoding="utf-8")
    first = context.model("text_video", gallery.NAME)
    assert context.model("text_video", gallery.NAME) is first and first.version == "1-aaaaaaaaaaaa"
    record.write_text('{"sha256": "bbbbbbbbbbbb"}', encoding="utf-8")
    assert context.model_once("text_video", gallery.NAME).version == "1-bbbbbbbbbbbb"
    assert context.model("text_video", gallery.NAME).version == "1-bbbbbbbbbbbb"
    assert context.loaded() == [gallery.NAME]
