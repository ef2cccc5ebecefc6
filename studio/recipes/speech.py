"""How well speech is recognized, on clips whose files say what is said in them."""

import re
import tempfile
import time
from pathlib import Path

import numpy as np

from studio import media
from studio.config import Settings
from studio.eval.speech import word_error_rate
from studio.recipes.diarization import HEADS, write
from studio.recipes.talking_heads import FPS, RATE, sound
from studio.tasks import TaskContext, VideoRef, transcribe
from studio.tasks.off_screen_speech import voice_curve

SPOKEN_S = 120
DIGITS = "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"
# The grammar of the GRID corpus (Cooke et al. 2006): a letter of the file's name for each word of the sentence.
GRID: tuple[dict[str, str], ...] = (
    {"b": "bin", "l": "lay", "p": "place", "s": "set"},
    {"b": "blue", "g": "green", "r": "red", "w": "white"},
    {"a": "at", "b": "by", "i": "in", "w": "with"},
    {},
    dict(zip("z123456789", DIGITS, strict=True)),
    {"a": "again", "n": "now", "p": "please", "s": "soon"},
)


def grid_sentence(name: str) -> str:
    """What is said in a clip of GRID, by its name of six letters and digits."""
    return " ".join(words.get(letter, letter) for letter, words in zip(name, GRID, strict=True))


def quiz_sentence(name: str) -> str:
    """What is said in a clip of the lip-reading quiz, by its name."""
    return re.sub(r"(_temp|_n|\d+)$", "", name.partition("__")[2]).replace("_", " ")


def clips(data: Path) -> dict[str, list[tuple[Path, str]]]:
    """Clips by what they are, with what is said in each. Clips of single words are cut out of speech that their names
    do not say, and are left out."""
    folder = data / "faces"
    quiz = sorted((folder / "lip_reading_quiz").glob("lipread_*.mp4"))
    return {
        "quiz": [(file, quiz_sentence(file.stem)) for file in quiz if not file.stem.startswith("lipread_words")],
        "grid": [(file, grid_sentence(file.stem)) for file in sorted(folder.glob("*.mpg"))],
    }


def measure(data: Path, name: str = "whisper-base") -> dict[str, float]:
    """Word error rates in per cent, in English: of the studio, and of faster-whisper called on the same sound as it is,
    with the options that it is called with here and no voice-activity detector before it. And how many seconds of
    speech without a pause are written down in a second here (`speed`), with the seconds that a minute of it takes to
    listen for voices and to write down."""
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as home:
        context = TaskContext(Settings(home=Path(home), device="cpu").ensure())
        model = context.model("speech_recognition", name)
        for kind, files in clips(data).items():
            ours, direct = [], []
            for file, said in files:
                video = VideoRef(file.stem, str(file), media.probe(file).duration_us)
                written, _ = transcribe(context, video, "en", name)
                ours.append((said, _spelled(" ".join(cue.text for cue in written.cues))))
                sound = np.concatenate(list(media.audio_stream(file)))
                phrases = model.recognize(sound, "en")
                direct.append((said, _spelled(" ".join(phrase.text for phrase in phrases))))
            found[f"{kind}_WER"], found[f"{kind}_WER_direct"] = word_error_rate(ours), word_error_rate(direct)
        found |= speed(data, context, name)
    return found


def speed(data: Path, context: TaskContext, name: str) -> dict[str, float]:
    """Of two minutes of the talking heads, one after the other again and again."""
    heads = np.concatenate([sound(data / "faces" / file) for file in HEADS])
    heard = np.tile(heads, SPOKEN_S * RATE // len(heads) + 1)[: SPOKEN_S * RATE]
    path = context.settings.home / "speed.mkv"
    write(path, [np.zeros((64, 64, 3), np.uint8)] * (SPOKEN_S * FPS), heard)
    video = VideoRef("speed", str(path), media.probe(path).duration_us)
    began = time.perf_counter()
    voice_curve(context, video, lambda fraction, message: None)
    listened = time.perf_counter() - began
    transcribe(context, video, "en", name)
    whole = time.perf_counter() - began - listened
    minutes = SPOKEN_S / 60
    return {
        "speed": SPOKEN_S / whole,
        "voice_s_a_minute": listened / minutes,
        "words_s_a_minute": (whole - listened) / minutes,
    }


def _spelled(text: str) -> str:
    """Digits as words, also those beside a letter, as in “F2”."""
    return re.sub(r"\d", lambda digit: f" {DIGITS[int(digit[0])]} ", text)
