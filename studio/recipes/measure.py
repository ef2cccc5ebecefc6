"""Every number we print about models: `python -m studio.recipes.measure --data DIR [--task T] [--write]`.

Only on data held out from training: Flickr8k's and FER2013's dev sets, TEL's dev films, and heads whose scenes are made
up here. `--write` puts the numbers into the cards' front matter and into docs/models.md.
"""

import argparse
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch

from studio import models
from studio.eval import emotion, tel
from studio.models.registry import WEIGHTS
from studio.models.text_video import hubness, query_bank
from studio.recipes import (
    certainty,
    dialog_emotion,
    diarization,
    expression,
    speech,
    studio_lite,
    synthetic_videos,
    talking_heads,
    text_reading,
)

DOCS = Path(__file__).resolve().parents[2] / "docs" / "models.md"
Numbers = dict[str, float]


def text_video(data: Path) -> Numbers:
    """Flickr8k dev: 1,091 photos × 5 captions, every caption against every photo and back."""
    names, pixels = zip(*studio_lite.photos(data, "dev"), strict=True)
    rows = studio_lite.captions(data, "dev")
    owner = torch.tensor([names.index(name) for name, _ in rows])
    model = models.load("text_video", device="cpu")
    images = torch.from_numpy(model.encode_frames(np.stack(pixels)))
    texts = torch.from_numpy(model.encode_text([text for _, text in rows]))
    found = studio_lite.recall(images, texts, owner)
    found["chance_R@1"], found["chance_R@10"] = 100 / len(names), 1000 / len(names)
    # Transductive: photos that the neutral captions like are discounted. A last column adds it to every dot product.
    bank = torch.from_numpy(model.encode_text(list(query_bank.QUERY_BANK))) @ images.T
    bias = torch.from_numpy(hubness.video_bias(bank.numpy(), model.scale))
    ones = torch.ones(len(texts), 1)
    balanced = studio_lite.recall(torch.cat([images, bias[:, None]], 1), torch.cat([texts, ones], 1), owner)
    # What the two frozen towers reach without a trained joint: the posterior mixes the class names' embeddings.
    tower, sentences = studio_lite.frozen()
    with torch.inference_mode():
        batches = torch.from_numpy(np.stack(pixels)).split(32)  # type: ignore[no-untyped-call]
        posterior = torch.cat([tower.logits(tower.regions(part).mean(1)).softmax(1) for part in batches])
        words = sentences.vectors(studio_lite.class_names())
        plain = torch.nn.functional.normalize(posterior @ words, dim=1)
        base = studio_lite.recall(plain, sentences.vectors([text for _, text in rows]), owner)
    for name, numbers in (("class_names", base), ("transductive", balanced)):
        found |= {f"{name}_{key}": numbers[key] for key in ("t2i_R@1", "t2i_R@10")}
    found["class_names_i2t_R@10"] = base["i2t_R@10"]
    return found


# Captions written for this check, after the data's own description.


def videos(data: Path) -> Numbers:
    """Sixteen real videos, one frame a second, a caption each: video score = mean of its best quarter of frames."""
    model = models.load("text_video", device="cpu")
    texts = model.encode_text(list(synthetic_videos.VIDEOS.values()))
    scores = np.zeros((len(texts), len(synthetic_videos.VIDEOS)))
    for column, name in enumerate(synthetic_videos.VIDEOS):
        frames = synthetic_videos.sampled(model, data / "videos" / name, 1.0)
        sims = np.sort(texts @ model.encode_frames(frames).T, axis=1)
        scores[:, column] = sims[:, -max(1, len(frames) // 4) :].mean(1)
    ranks = (scores > np.diag(scores)[:, None]).sum(1) + 1
    worst = [name for name, rank in zip(synthetic_videos.VIDEOS, ranks, strict=True) if rank > 5]
    print("videos found late:", ", ".join(worst) or "none")
    return {
        "videos_R@1": 100 * float(np.mean(ranks == 1)),
        "videos_R@5": 100 * float(np.mean(ranks <= 5)),
        "videos_chance_R@1": 100 / len(synthetic_videos.VIDEOS),
    }


def expressions(data: Path, name: str = "expression") -> Numbers:
    """FER2013's public test part, 3,589 faces, each read once; `accuracy_flip` is of the mean of a face and its mirror
    image, as the product predicts. `ferplus_accuracy` is that against what most of FER+'s ten raters say, of the faces
    on which one of the seven classes has more votes than any other answer."""
    faces, labels = expression.sheets(data / "fer2013", "dev")
    model = models.load("expression", name, device="cpu")
    pictures = np.repeat(faces[..., None], 3, axis=3)
    found = model.predict(pictures, mirror=False).argmax(1)
    recalls = [float(np.mean(found[labels == c] == c)) for c in range(7)]
    both = model.predict(pictures).argmax(1)
    raters = expression.votes(data / "fer2013", "dev")
    said = raters.argmax(1)
    agreed = (said < 7) & ((raters == raters.max(1, keepdims=True)).sum(1) == 1)
    return {
        "accuracy": 100 * float(np.mean(found == labels)),
        "accuracy_flip": 100 * float(np.mean(both == labels)),
        "ferplus_accuracy": 100 * float(np.mean(both[agreed] == said[agreed])),
        "ferplus_faces": float(agreed.sum()),
        "macro_recall": 100 * float(np.mean(recalls)),
        "majority_class_accuracy": 100 * float(np.bincount(labels).max() / len(labels)),
        **{f"recall_{name}": 100 * r for name, r in zip(model.labels, recalls, strict=True)},
    }


def dialog_emotions(data: Path, name: str = "dialog-emotion") -> Numbers:
    """TEL, 605 clips of 7 films that training never saw, by the studio protocol (`studio.eval.emotion`).

    Cue figures are of the model's probability for each line, segments of the same localization for all models. Beside
    them: every line with the share of clips that have a class in training, and the blind answers of the protocol.
    """
    clips = tel.read(data / "tel" / "dev.json")
    model = models.load("dialog_emotion", name, device="cpu")
    scores = [model.predict(list(clip.lines)) for clip in clips]
    found = dialog_emotion.figures(clips, scores)
    prior = np.mean([clip.counts > 0 for clip in tel.read(data / "tel" / "train.json")], axis=0)
    flat = dialog_emotion.figures(clips, [np.tile(prior, (len(clip.lines), 1)).astype(np.float32) for clip in clips])
    blind = emotion.baselines(emotion.of_clips(clips))
    return {
        **found,
        **{f"train_prior_{key}": flat[key] for key in ("mAP", "cue_micro_AP")},
        **{
            f"{answer}_{key}": blind[answer][key]
            for answer in ("whole_clip", "random_cue")
            for key in ("mAP@0.3", "mAP", "cue_mAP", "clip_mAP")
        },
    }


MEASURES: dict[str, tuple[str, Callable[[Path], Numbers]]] = {
    "text_video": ("studio-lite", text_video),
    "videos": ("studio-lite", videos),
    "certainty": ("studio-lite", certainty.measure),
    **{
        f"grounding-{card.name}": (card.name, partial(synthetic_videos.measure, engine=card.name))
        for card in models.cards("grounding")
        if models.installed(card)
    },
    "expression": ("expression", expressions),
    "expression_raters": ("expression-raters", partial(expressions, name="expression-raters")),
    "dialog_emotion": ("dialog-emotion", dialog_emotions),
    "dcin": ("dcin-subtitles", partial(dialog_emotions, name="dcin-subtitles")),
    "speech_recognition": ("whisper-base", speech.measure),
    "diarization": ("studio-asd", diarization.measure),
    "text_reading": ("pp-ocr", text_reading.measure),
    "text_reading_speed": ("pp-ocr", text_reading.speed),
    **{
        f"active_speaker-{card.name}": (card.name, partial(talking_heads.measure, name=card.name))
        for card in models.cards("active_speaker")
        if models.installed(card)
    },
}


def write_card(name: str, numbers: Numbers) -> None:
    """Merge the numbers into the card's metrics, the last table of its front matter."""
    path = WEIGHTS / f"{name}.md"
    text = path.read_text(encoding="utf-8")
    merged = {**models.registry.parse(text).metrics, **numbers}
    table = "".join(f'"{key}" = {round(value, 2)}\n' for key, value in merged.items())
    text = re.sub(r"\[metrics\]\n.*?^\+\+\+", lambda _: f"[metrics]\n{table}+++", text, flags=re.DOTALL | re.MULTILINE)
    path.write_text(text, encoding="utf-8")


def write_docs() -> None:
    """The table of all numbers in docs/models.md, between its two markers."""
    rows = ["| model | measure | value |", "|---|---|---|"]
    for card in models.cards():
        rows += [f"| {card.name} | {key.replace('_', ' ')} | {value:g} |" for key, value in card.metrics.items()]
    text = DOCS.read_text(encoding="utf-8")
    block = "<!-- numbers -->\n" + "\n".join(rows) + "\n<!-- /numbers -->"
    text = re.sub(r"<!-- numbers -->.*?<!-- /numbers -->", lambda _: block, text, flags=re.DOTALL)
    DOCS.write_text(text, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--task", action="append", help=f"one of {', '.join(sorted(MEASURES))}")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--models", type=Path, help="the folder of checkpoints that a person brought, to measure too")
    options = parser.parse_args()
    for card in models.cards("active_speaker"):
        if card.brought and models.installed(card, options.models):
            MEASURES[f"active_speaker-{card.name}"] = (
                card.name,
                partial(talking_heads.measure, name=card.name, folder=options.models),
            )
    for task in options.task or MEASURES:
        name, measure = MEASURES[task]
        numbers = measure(options.data)
        print(f"{name}: " + ", ".join(f"{key} {value:.1f}" for key, value in numbers.items()), flush=True)
        if options.write:
            write_card(name, numbers)
            write_docs()


if __name__ == "__main__":
    main()
