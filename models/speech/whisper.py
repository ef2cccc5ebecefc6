"""Whisper (Radford et al. 2022, arXiv 2212.04356) by faster-whisper, on CTranslate2."""

import contextlib
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from studio.models.architectures import architecture
from studio.models.card import ModelCard, ModelError
from studio.models.interfaces import Floats, Phrase, Word

RATE = 16_000
LONGEST_S = 30.0  # what the network reads at once
LEAST_S = 0.1  # less is no word
WIDTH = 5  # of the beam, as in the paper's evaluation
NO_SPEECH, UNLIKELY, REPETITIVE = 0.6, -1.0, 2.4  # the paper's thresholds, of section 4.5
HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
QUANTIZED = {"cpu": "int8", "cuda": "float16"}


class WhisperRecognizer:
    """A model of CTranslate2's format."""

    def __init__(
        self, name: str, version: str, device: str, folder: str = "", files: Mapping[str, bytes] | None = None
    ) -> None:
        """Of the files in a folder, or of `files` by their names."""
        from faster_whisper import WhisperModel

        self.name, self.version = name, version
        kind = device.partition(":")[0]
        given = dict(files) if files else None
        self._model: Any = WhisperModel(folder or name, device=kind, compute_type=QUANTIZED[kind], files=given)
        self.languages = tuple(self._model.supported_languages)

    def detect_language(self, audio: Floats) -> tuple[str, float]:
        _checked(audio)
        language, probability, _ = self._model.detect_language(audio)
        return str(language), float(probability)

    def recognize(self, audio: Floats, language: str) -> list[Phrase]:
        _checked(audio)
        if language not in self.languages:
            raise ValueError(f"{self.name} does not know the language “{language}”.")
        if len(audio) < LEAST_S * RATE:
            return []
        segments, _ = self._model.transcribe(
            audio,
            language=language,
            beam_size=WIDTH,
            word_timestamps=True,
            # what an earlier piece said by mistake would be said again
            condition_on_previous_text=False,
            no_speech_threshold=NO_SPEECH,
            log_prob_threshold=UNLIKELY,
            compression_ratio_threshold=REPETITIVE,
        )
        return [phrase for segment in segments if (phrase := _phrase(segment))]


def _checked(audio: Floats) -> None:
    if audio.ndim != 1 or audio.dtype != np.float32 or len(audio) > LONGEST_S * RATE:
        raise ValueError(f"Sound must be float32 (S,) of at most {LONGEST_S:g} s, not {audio.dtype} {audio.shape}.")


def _phrase(segment: Any) -> Phrase | None:
    """What was heard; None where it is more likely that nobody said anything, or the same again and again."""
    if segment.no_speech_prob > NO_SPEECH and segment.avg_logprob < UNLIKELY:
        return None
    if segment.compression_ratio > REPETITIVE:
        return None
    words = tuple(
        Word(float(word.start), float(word.end), word.word.strip(), float(word.probability))
        for word in segment.words or ()
        if word.word.strip()
    )
    if not words:
        return None
    return Phrase(words[0].start_s, words[-1].end_s, segment.text.strip(), words)


@architecture("whisper")
def build(files: Mapping[str, bytes], card: ModelCard, device: str) -> WhisperRecognizer:
    """`model`, or its halves `model-1` and `model-2`; `tokenizer`, `config`, and `vocabulary` or `preprocessor`."""
    named = {
        "tokenizer": "tokenizer.json",
        "config": "config.json",
        "vocabulary": "vocabulary.txt",
        "preprocessor": "preprocessor_config.json",
    }
    given = {named[role]: content for role, content in files.items() if role in named}
    parts = [content for role, content in sorted(files.items()) if role.startswith("model")]
    try:
        json.loads(given["config.json"])
    except (KeyError, ValueError) as error:
        raise ModelError(f"{card.name} has no readable config.json; get its files again.") from error
    given["model.bin"] = b"".join(parts)
    return WhisperRecognizer(card.name, card.version, device, files=given)


def named(name: str, device: str) -> WhisperRecognizer:
    """A Whisper in CTranslate2's format: a folder of this machine, or OWNER/NAME of the hub, which is fetched once and
    works offline after that. Its version is the hash of its weights. Raises ModelError naming the cure."""
    folder = Path(name)
    if not folder.is_dir():
        folder = _fetched(name)
    missing = [file for file in ("config.json", "model.bin", "tokenizer.json") if not (folder / file).is_file()]
    if missing:
        raise ModelError(f"“{name}” has no {' and no '.join(missing)}; give the folder of a Whisper for CTranslate2.")
    with (folder / "model.bin").open("rb") as file:
        version = hashlib.file_digest(file, "sha256").hexdigest()[:12]
    try:
        return WhisperRecognizer(folder.name if Path(name).is_dir() else name, version, device, str(folder))
    except (RuntimeError, ValueError, KeyError) as error:
        raise ModelError(f"“{name}” is no Whisper that CTranslate2 can read; convert or fetch it again.") from error


def _fetched(name: str) -> Path:
    from faster_whisper.utils import download_model

    if not HUB_NAME.fullmatch(name):
        raise ModelError(f"There is no folder “{name}”; give the folder of a Whisper for CTranslate2, or OWNER/NAME.")
    with contextlib.suppress(Exception):
        return Path(download_model(name, local_files_only=True))
    try:
        return Path(download_model(name))
    except Exception as error:
        raise ModelError(
            f"The model {name} cannot be fetched from the hub; check its name and connect, or give a folder."
        ) from error
