"""The README tells the truth: its commands parse, its files exist, its numbers stand in the cards."""

import re
import shlex
from pathlib import Path

import pytest

from studio import models
from studio.cli import parser

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = re.findall(r"^studio (.*?)(?:\s+#.*)?$", README, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_parses(command: str) -> None:
    assert parser().parse_args(shlex.split(command)).run


def test_there_are_commands() -> None:
    assert len(COMMANDS) >= 10


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#:]+)\)", README))
def test_every_link_leads_somewhere(target: str) -> None:
    assert (ROOT / target).exists()


@pytest.mark.parametrize(
    ("task", "name", "metric"),
    [
        ("text_video", "studio-lite", "t2i_R@1"),
        ("text_video", "studio-lite", "t2i_R@10"),
        ("grounding", "consensus", "R1@0.5"),
        ("grounding", "consensus", "clips_R1@0.5"),
        ("expression", "expression", "accuracy"),
        ("expression", "expression", "macro_recall"),
        ("dialog_emotion", "dialog-emotion", "cue_mAP"),
        ("active_speaker", "studio-asd", "talking_frame_AP"),
        ("active_speaker", "studio-asd", "still_frame_AP"),
    ],
)
def test_every_number_is_the_card_s(task: str, name: str, metric: str) -> None:
    value = models.card(task, name).metrics[metric]
    assert re.search(rf"(?<![\d.]){re.escape(str(value))}(?!\d)", README), f"{metric} is {value}"
