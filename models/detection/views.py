"""By what a label is best known: how it looks, how it sounds, what is said, or two of these together.

Each is a view of the same videos, a detector is learned from each that promises something (see `learning`), and those
are compared on videos that none was learned from.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from studio.models.detection.learning import HEAD_FROM, Answer, Learned, apart, folds_of, learn, margin
from studio.models.detection.measuring import LabelledVideo, Measured, mean_precision, measure
from studio.models.interfaces import Floats

SAYING = 0.3  # margin, below which a view says nothing of a label
PROMISING = 1.1  # times the margin of the first view, below which another one is not worth the time to learn from it


@dataclass(frozen=True)
class View:
    """What the label's words say of the rows (D,), zeros where they say nothing, and the videos that have such rows,
    which were divided by `spread` (D,) where there is one (see `Weights`)."""

    text: Floats
    videos: Sequence[LabelledVideo]
    spread: Floats | None = None


Together = Callable[[str], tuple[str, View] | None]
"""The first view and another one, by its name, together as one view with a name of its own; None: there is none."""


def learn_best(
    views: Mapping[str, View],
    together: Together = lambda name: None,
    seed: int = 0,
    progress: Callable[[float], object] = lambda done: None,
    with_head: bool = True,
) -> tuple[str, View, Learned]:
    """Which of some views a label is best learned from, and what was learned: one, another, or the first with another
    beside it. It is the first where there is nothing to compare by. What is measured is, of each fold, what the view
    says that is best in the others; only which views are worth comparing (`_promising`) is seen in all folds. A moment
    that a view does not have counts as not found. Arguments are those of `learn`."""
    first, every = next(iter(views)), _every(views)
    is_one = sum(len(video.truth) > 0 for video in every) < 2
    if is_one:
        views = {name: _apart(view) for name, view in views.items()}
        every = _every(views)
    fold_of = {every[i].name: fold for fold, (_, held) in enumerate(folds_of(every, seed)) for i in held}

    def both(name: str) -> tuple[str, View] | None:
        found = together(name)
        return found and (found[0], _apart(found[1]) if is_one else found[1])

    tried = _promising(views, both, fold_of, seed) if fold_of else {first: views[first]}
    if len(tried) == 1:
        alone = learn(*_of(views[first]), seed, progress, with_head)
        return first, views[first], _with_spread(_of_all(alone, views[first], every), views[first])
    learned: dict[str, Learned] = {}

    def share(done: float) -> None:
        progress((len(learned) + done) / (len(tried) + 1))

    for name, view in tried.items():
        learned[name] = learn(*_of(view), seed, share, with_head=False, fold_of=fold_of)
    # of one that nothing could be held out of, and whose examples say less than words, nothing is known
    known = {name: each for name, each in learned.items() if name == first or each.step != "text" or each.measured}
    name, chosen = _chosen(known, every, fold_of)
    view = tried[name]
    if with_head and sum(len(video.truth) for video in view.videos) >= HEAD_FROM:
        tried_with_head = learn(*_of(view), seed, share, fold_of=fold_of)
        chosen = _of_all(tried_with_head, view, every) if tried_with_head.step == "head" else chosen
    worded = name if view.text.any() else first
    by_text = _of_all(learned[worded], tried[worded], every).by_text
    return name, view, _with_spread(replace(chosen, by_text=by_text), view)


def _apart(view: View) -> View:
    return replace(view, videos=apart(view.videos))


def _promising(views: Mapping[str, View], together: Together, fold_of: Mapping[str, int], seed: int) -> dict[str, View]:
    """The first view, and of the others the one that tells the label apart best, if it does so better than the first:
    to learn from each takes long. The best other one is also tried beside the first, unless it says nothing alone."""
    first, *others = views
    margins = {name: margin(*_of(views[name]), fold_of, seed) for name in others}
    best = max(margins, key=lambda name: margins[name], default=first)
    if margins.get(best, 0.0) <= SAYING:
        return {first: views[first]}
    found = views[best]
    both = together(best)
    if both and (beside := margin(*_of(both[1]), fold_of, seed)) > margins[best]:
        best, found = both
        margins[best] = beside
    if margins[best] <= PROMISING * margin(*_of(views[first]), fold_of, seed):
        return {first: views[first]}
    return {first: views[first], best: found}


def _of_all(learned: Learned, view: View, every: Sequence[LabelledVideo]) -> Learned:
    """With what was measured where a view is, as it is where moments that the view does not have are not found."""
    seen = sum(len(video.truth) for video in view.videos) / sum(len(video.truth) for video in every)

    def scaled(at: Measured | None) -> Measured | None:
        return at and replace(at, ap=round(at.ap * seen, 4), tiou=round(at.tiou * seen, 4))

    return replace(learned, measured=scaled(learned.measured), by_text=scaled(learned.by_text))


def _with_spread(learned: Learned, view: View) -> Learned:
    return replace(learned, weights=replace(learned.weights, spread=view.spread))


def _every(views: Mapping[str, View]) -> list[LabelledVideo]:
    """Each video once."""
    found: dict[str, LabelledVideo] = {}
    for view in views.values():
        for video in view.videos:
            found.setdefault(video.name, video)
    return list(found.values())


def _of(view: View) -> tuple[Floats, Sequence[LabelledVideo]]:
    return view.text, view.videos


def _chosen(
    learned: Mapping[str, Learned], every: Sequence[LabelledVideo], fold_of: Mapping[str, int]
) -> tuple[str, Learned]:
    """The view whose held-out moments are found best, with what was measured fold by fold. Views are compared where
    all of them are: one that has fewer videos without a moment has fewer to be wrong in."""
    folds = sorted(set(fold_of.values()))
    truth = {fold: sum(len(video.truth) for video in every if fold_of[video.name] == fold) for fold in folds}
    answers: dict[str, dict[int, list[Answer]]] = {name: {fold: [] for fold in folds} for name in learned}
    for name, each in learned.items():
        for answer in each.held:
            answers[name][fold_of[answer[0][2].name]].append(answer)
    having = {video.name for video in every if len(video.truth)}
    in_each = [{video.name for (_, _, video), _ in each.held} for each in learned.values() if each.held]
    compared = having | (set.intersection(*in_each) if in_each else set())

    def best(among: Sequence[int]) -> str:
        total = sum(truth[fold] for fold in among)
        precision = {
            name: mean_precision(
                [(found, at) for fold in among for (_, _, at), found in of[fold] if at.name in compared], total
            )
            for name, of in answers.items()
        }
        return max(learned, key=lambda name: precision[name])  # the first of equals

    outside = [each for fold in folds for each in answers[best([f for f in folds if f != fold])][fold]]
    name = best(folds)
    if not outside:
        return name, learned[name]
    total = sum(truth.values())
    measured = measure([curved for curved, _ in outside], len(folds), [found for _, found in outside], total)
    return name, replace(learned[name], measured=measured)
