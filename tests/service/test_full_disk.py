"""M3: the disk is full at some point of an import or an export: all of it is there, or what was there before."""

from pathlib import Path

import pytest

from studio.cli import main
from studio.errors import StoreError
from studio.service import Studio
from studio.service.exchange.exchange import ImportOptions
from tests.service.test_exchange import file_of
from tests.store.test_full_and_locked import room_for

POINTS = [100, pytest.param(1_000, marks=pytest.mark.release)]


@pytest.mark.parametrize("points", POINTS)
def test_an_import_is_there_or_it_is_not(studio: Studio, clips: dict[str, Path], points: int) -> None:
    video = studio.videos.add(clips["bikes"])["id"]
    files = [file_of(bikes=[(i / 20, i / 20 + 1, f"{turn}-{i}") for i in range(80)]) for turn in range(points)]
    there, told = 0, 0
    every = ImportOptions(different="both")  # their times are the same
    for turn, data in enumerate(files):
        studio.store._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with room_for(1 + turn * 120_000 // points):
            try:
                studio.exchange.apply(data, "val.json", "activitynet", every)
                there += 1
            except StoreError as error:
                assert "the disk is full" in str(error)
                told += 1
        assert len(studio.timelines.annotations(video)) == 80 * there
        assert len(studio.exchange.imports()) == there
    assert told > points / 10
    studio.exchange.apply(file_of(bikes=[(0, 1, "after")]), "val.json", "activitynet", every)
    assert len(studio.timelines.annotations(video)) == 80 * there + 1


@pytest.mark.parametrize("points", POINTS)
def test_an_export_leaves_the_earlier_one(
    studio: Studio, clips: dict[str, Path], tmp_path: Path, points: int, capsys: pytest.CaptureFixture[str]
) -> None:
    video = studio.videos.add(clips["bikes"])["id"]
    target = tmp_path / "kept.json"
    command = ["export", video, "--format", "json", "-o", str(target), "--home", str(studio.settings.home)]
    assert main(command) == 0
    whole = target.read_bytes()
    for point in range(0, points, 10):  # each opens the library again
        with room_for(point * len(whole) // points):
            assert main(command) == 2
        assert target.read_bytes() == whole
        assert [path.name for path in tmp_path.iterdir() if path.suffix == ".json"] == ["kept.json"]
    assert "kept.json” cannot be written" in capsys.readouterr().err
