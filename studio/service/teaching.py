"""Labels that the studio learns from people's own annotations, and what they looked through."""

from typing import Any

from studio import tasks
from studio.config import Settings
from studio.errors import UsageError
from studio.jobs import ExecutionBackend, JobMonitor, JobResult, ReportProgress, keep_result
from studio.service import serializers
from studio.service.accounts.rights import OWNER, Actor, layer_of
from studio.service.jobs.jobs import Jobs, no_progress
from studio.store import Store, absences, labels, reviewed, teaching, videos
from studio.store import boxes as box_tracks
from studio.timeline import seconds
from studio.timeline.boxes import BOXES
from studio.timeline.spans import distinct

Row = dict[str, Any]
SAID = ("positive", "negative", "reviewed", "absent")  # see tasks.Said
TRACK = "Moments"  # where a label's predictions go that nobody used and no schema has


class Teaching:
    """What is learned from a library's annotations."""

    def __init__(self, store: Store, settings: Settings, interactive: ExecutionBackend, jobs: Jobs) -> None:
        self._store, self._settings, self._interactive, self._jobs = store, settings, interactive, jobs

    # ------------------------------------------------------------------ looked through

    def mark_reviewed(
        self, video: Row, start_us: int = 0, end_us: int | None = None, track: str = "", annotator: str = ""
    ) -> list[Row]:
        """Say that a stretch of a video (by default all of it) was looked through, on one track or on all: what has no
        label there has none. Returns the stretches of the video.

        Raises UsageError for a stretch outside the video.
        """
        start, end = _within(video, start_us, end_us)
        self._store.write(lambda db: reviewed.insert(db, video["id"], start, end, track, annotator))
        return self.reviewed(video)

    def unmark_reviewed(
        self, video: Row, start_us: int = 0, end_us: int | None = None, track: str = "", annotator: str = ""
    ) -> list[Row]:
        """Take it back. Raises UsageError, NotFound where nothing of the stretch was marked."""
        start, end = _within(video, start_us, end_us)
        self._store.write(lambda db: reviewed.withdraw(db, video["id"], start, end, track, annotator))
        return self.reviewed(video)

    def reviewed(self, video: Row, by: Actor = OWNER) -> list[Row]:
        """The stretches of a video that were looked through: `start`, `end` in s, `track` ("" for all), `annotator`."""
        found = self._store.read(lambda db: reviewed.of_video(db, video["id"], by))
        return [serializers.stretch(row) for row in found]

    # ------------------------------------------------------------------ teach

    def teach(
        self,
        label: str,
        track: str | None = None,
        among: list[Row] | None = None,
        progress: ReportProgress = no_progress,
        by: Actor = OWNER,
        deeper: bool = False,
    ) -> Row:
        """Learn a label now from what people said of it, and look for it in the videos `among` (None: in all); returns
        `label`, `version`, `step` (`text`: the label's words are no worse; `classifier`; `head`: the order and the
        length of things tell, too), `modalities` (by what: "vision", "audio"), `examples` (`positive`, `negative`),
        `measured` (`ap`, `tiou`, `folds`; None where there is too little to measure), `by_text`, the same of the
        label's words alone, `shift` of the boundaries (`start`, `end` in s, `person` whose decisions it is learned
        from, empty for everybody's, `decisions` how many), `note`, and `predictions`, each with `video` (id), `start`,
        `end` in s and `score`; in videos that are annotated independently also where something was decided already.

        `deeper`: the encoder's last layers are tuned on it, too, where that helps; without a GPU this takes minutes.
        Raises UsageError where nobody used the label, and for an encoder that cannot be tuned.
        """
        params = self._params(label, track, among, by, deeper)
        result = self._interactive.call("teach", params, JobMonitor(progress))
        data = self._store.write(lambda db: keep_result(db, result, of_library=True))
        return {**data, "predictions": self._predictions(result)}

    def measure(
        self, label: str, track: str | None = None, progress: ReportProgress = no_progress, by: Actor = OWNER
    ) -> Row:
        """How good a label's detector is after so many of its examples, on those that it is not learned from: `label`,
        `moments`, `folds`, `repeats`, and `precision`, by the number of examples and the IoU. Keeps nothing.

        Raises UsageError where fewer than two moments have the label.
        """
        params = self._params(label, track, None, by)
        data: Row = self._interactive.call("measure_teaching", params, JobMonitor(progress)).data
        return data

    def start(self, label: str, track: str | None = None, by: Actor = OWNER, deeper: bool = False) -> Row:
        """Queue it, over the whole library; returns the job. One that waits for this label and track learns from what
        is known now instead. Raises UsageError, JobError."""
        params = self._params(label, track, None, by, deeper)
        return self._jobs.start_for_library("teach", params, by, alike=("label", "track"), kept=("deeper",))

    def detect(
        self, name: str, among: list[Row] | None = None, progress: ReportProgress = no_progress, by: Actor = OWNER
    ) -> Row:
        """Look now for what a detector of the library knows (see `Detectors`), in the videos `among` (None: in all),
        but for what was decided of its label; returns `label`, `version`, `step`, `shift`, `note` and `predictions` as
        `teach` does.

        Raises UsageError where no video is indexed for it, ModelUnavailable.
        """
        result = self._interactive.call("detect", self._detect_params(name, among, by), JobMonitor(progress))
        data = self._store.write(lambda db: keep_result(db, result, of_library=True))
        return {**data, "predictions": self._predictions(result)}

    def start_detect(self, name: str, by: Actor = OWNER) -> Row:
        """Queue it, over the whole library; returns the job. Raises UsageError, JobError, ModelUnavailable."""
        return self._jobs.start_for_library("detect", self._detect_params(name, None, by), by)

    def _detect_params(self, name: str, among: list[Row] | None, by: Actor) -> Row:
        label = tasks.detector_card(self._settings, name).labels[0]
        looks_inside = tasks.looks_inside(self._settings, name)
        return {**self._decided(label, None, among, by, inside=looks_inside), "detector": name}

    def taught(self, by: Actor = OWNER) -> list[Row]:
        """The labels in use with how many moments have each, the most used first: what could be taught."""
        return self._store.read(lambda db: teaching.counts(db, by))

    def catalogue(self, by: Actor = OWNER) -> list[Row]:
        """The models that there are (see `service.catalogue`), without those of labels that only others use where
        annotators work independently."""

        def work(db: Any) -> set[str]:
            listed = {(row["track"], row["label"]) for row in labels.schema(db)["labels"]}
            used, seen = ({(row["track"], row["label"]) for row in teaching.counts(db, who)} for who in (None, by))
            return {tasks.detector_name(label, track) for track, label in used - seen - listed}

        unseen = self._store.read(work)
        return [row for row in tasks.catalogue(self._settings) if row["name"] not in unseen]

    def _params(self, label: str, track: str | None, among: list[Row] | None, by: Actor, deeper: bool = False) -> Row:
        params = self._decided(label := label.strip(), track, among, by)
        if not any(said["positive"] for said in params["said"].values()):
            raise UsageError(
                f"Nothing is labelled “{label}” yet; label a moment with it first, or look for it with: studio search"
            )
        return {**params, "deeper": deeper}

    def _decided(
        self, label: str, track: str | None, among: list[Row] | None, by: Actor, inside: bool | None = None
    ) -> Row:
        """What is known of a label, as far as somebody may see it, and where it is to be looked for: in boxes over time
        where `inside`, or where most examples are about boxes (None)."""

        def work(db: Any) -> Row:
            found, wrong = teaching.positives(db, label, track, by), teaching.rejected(db, label, track, by)
            place = track or _track_of(found, labels.schema(db), label)
            shown = videos.listed(db)
            alone = {row["id"] for row in shown if row["independent"]}
            about = {row["box"] for row in found if row["box"]}
            boxes: list[Row] = []
            if inside or (inside is None and 2 * sum(row["box"] is not None for row in found) > len(found)):
                boxes = _boxes(db, [row for row in shown if videos.has_pictures(row)], None if inside else about, by)
            if boxes:  # a row is whose it is, so the others of the label count, too
                found = [row for row in teaching.positives(db, label, None, by) if row["box"]]
                wrong = [row for row in teaching.rejected(db, label, None, by) if row["box"]]
            absent = [
                {**row, "start_us": row["time_us"], "end_us": row["time_us"] + 1}
                for row in ([] if boxes else absences.of_label(db, place, label, by))
            ]
            looked = [
                {**row, "box": box["id"]}
                for box in boxes
                for row in reviewed.of_track(db, box["track"], by) if row["video_id"] == box["video"]
            ] if boxes else reviewed.of_track(db, place, by)  # fmt: skip
            known = {box["id"] for box in boxes} or {row["id"] for row in shown}
            said: dict[str, dict[str, list[list[int]]]] = {}
            for kind, rows in (("positive", found), ("negative", wrong), ("reviewed", looked), ("absent", absent)):
                for row in rows:
                    of_place = row["box"] if boxes else row["video_id"]
                    if of_place in known:
                        of_it = said.setdefault(of_place, {name: [] for name in SAID})
                        of_it[kind].append([row["start_us"], row["end_us"]])
            for of_it in said.values():  # what several people marked is one moment
                of_it["positive"] = [list(span) for span in distinct((a, b) for a, b in of_it["positive"])]
            return {
                "label": label, "track": place, "said": said, "inside": boxes, "person": by.name,
                "independent": sorted(alone),
                "decisions": [
                    # whose a decision is that others do not see, is not said with what everybody gets
                    ["" if row["video_id"] in alone else row["moved_by"] or "", row["start_us"] - row["from_us"],
                     row["end_us"] - row["to_us"]]
                    for row in found if row["from_us"] is not None
                ],
                "examples": [
                    *(f"{row['id']}@{row['version']}" for row in found), *(f"{row['id']}:rejected" for row in wrong),
                    *(f"{row['video_id']}@{row['time_us']}:absent" for row in absent),
                ],
                "among": [serializers.job_video(row) for row in shown],
            }  # fmt: skip

        only = None if among is None else sorted({row["id"] for row in among})
        return {**self._store.read(work), "only": only}

    @staticmethod
    def _predictions(result: JobResult) -> list[Row]:
        found = [
            {"video": run.video_id, "start": seconds(p.segment.start), "end": seconds(p.segment.end), "score": p.score}
            for run in result.runs
            for p in run.predictions
        ]
        return sorted(found, key=lambda row: -row["score"])


def _track_of(found: list[Row], schema: Row, label: str) -> str:
    """Where the predictions of a label go: where it was used most, else where the schema has it."""
    used = [row["track"] for row in found]
    listed = [row["track"] for row in schema["labels"] if row["label"] == label]
    return max(set(used), key=used.count) if used else next(iter(listed), TRACK)


def _boxes(db: Any, shown: list[Row], like: set[str] | None, by: Actor) -> list[Row]:
    """The boxes over time to look into, over the main pictures: those labelled as the boxes `like` these, by their ids,
    or all (None). Each with `id`, `video`, `version`, `label`, `name`, `keys`, and the `track` of its segments."""
    every = {
        track.id: (row["id"], track)
        for row in shown
        for track in box_tracks.of_video(db, row["id"], layer_of(by, row))
        if not track.medium and track.keys
    }
    wanted = None if like is None else {every[box][1].label for box in like if box in every}
    rows = teaching.rows_of_boxes(db)
    return [
        {
            "id": track.id, "video": video, "version": track.version, "label": track.label, "name": track.name,
            "keys": [list(key) for key in track.keys],
            "track": rows.get(track.id) or track.name or track.label or BOXES,
        }
        for video, track in every.values() if wanted is None or track.label in wanted
    ]  # fmt: skip


def _within(video: Row, start_us: int, end_us: int | None) -> tuple[int, int]:
    end = video["duration_us"] if end_us is None else min(end_us, video["duration_us"])
    if not 0 <= start_us < end:
        raise UsageError(
            f"A stretch ends after its start, within the {seconds(video['duration_us']):g} s of the video."
        )
    return start_us, end
