"""The eighteen classes of temporal emotion localization in words: TEL's definitions (ACM MM 2022, supplement).

One text a class serves the words of a dialogue (`PROMPTS`), one the look of a frame (`PICTURES`), to be compared
with `NEUTRAL`; `OF_EXPRESSIONS` says which classes a face's expression speaks for.
"""

from collections.abc import Mapping

_MEANING: Mapping[str, str] = {
    "affection": "fond feeling, love, tenderness",
    "anger": "intense displeasure, rage, furious, resentful",
    "anticipation": "looking forward, hoping, preparing for future events",
    "aversion": "disgust, dislike, repulsion, hate",
    "confidence": "certain, convinced of a good outcome, encouraged, proud",
    "disconnection": "not interested, indifferent, bored, distracted",
    "disquietment": "nervous, worried, upset, anxious, tense, alarmed",
    "doubt": "hard to understand or decide, weighing options",
    "embarrassment": "ashamed or guilty",
    "engagement": "paying attention, absorbed, curious, interested",
    "esteem": "respect, admiration, gratitude",
    "excitement": "enthusiastic, stimulated, energetic",
    "happiness": "delight, enjoyment, amusement",
    "peace": "well-being, relaxed, no worry, satisfied",
    "sadness": "unhappy, sorrow, disappointed, discouraged",
    "suffering": "psychological or emotional pain, distress, anguish",
    "surprise": "sudden discovery of something unexpected",
    "sympathy": "sharing others' emotions, supportive, compassionate",
}

LABELS = tuple(_MEANING)
"""The classes in column order."""

PROMPTS: Mapping[str, str] = {name: f"{name}: {meaning}" for name, meaning in _MEANING.items()}
"""What a line of dialogue is compared with."""

PICTURES: Mapping[str, str] = {name: f"a person who feels {name}: {meaning}" for name, meaning in _MEANING.items()}
"""What a frame is compared with."""

NEUTRAL = "a person with a neutral look"

OF_EXPRESSIONS: Mapping[str, Mapping[str, float]] = {
    "angry": {"anger": 1.0, "aversion": 0.4},
    "disgust": {"aversion": 1.0},
    "fear": {"disquietment": 1.0, "suffering": 0.4},
    "happy": {"happiness": 1.0, "affection": 0.4, "excitement": 0.4},
    "sad": {"sadness": 1.0, "suffering": 0.5, "sympathy": 0.3},
    "surprise": {"surprise": 1.0, "excitement": 0.3},
}
"""Seven expressions → classes, by judgement: no data here ties the two. A neutral face speaks for none."""
