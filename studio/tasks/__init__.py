"""Features → predictions, one module a task. The only package that imports models.

A task is a function of a `TaskContext` and plain arguments; it returns an `ModelRun` and touches no database.
"""

from studio.tasks.boundary_shift import Decision
from studio.tasks.boxes import track_box
from studio.tasks.catalogue import (
    catalogue,
    download,
    engines,
    gains_from_gpu,
    gallery_card,
    gallery_names,
    install,
    missing,
)
from studio.tasks.certainty import answered, pictures_of
from studio.tasks.context import TaskContext, VideoRef, oom_fallbacks, out_of_memory, use_threads
from studio.tasks.detectors import (
    delete_detector,
    detector_card,
    detector_row,
    export_detector,
    import_detector,
    looks_inside,
    relabel_detectors,
)  # fmt: skip
from studio.tasks.diversity import most_different
from studio.tasks.emotion import find_emotions
from studio.tasks.encoders import is_indexed, key_of, time_encoder
from studio.tasks.explanation import explain
from studio.tasks.face_boxes import face_boxes
from studio.tasks.faces import face_tracks
from studio.tasks.feedback import Slot
from studio.tasks.findings import (
    FINDINGS_FILE,
    Findings,
    findings_state,
    keep_findings,
    people_rows,
    text_vectors,
)
from studio.tasks.grounding import glance, ground
from studio.tasks.indexing import (
    Embedded,
    Stretch,
    embed_stretches,
    index_video,
    join_stretches,
    make_thumbnails,
    stretches_of,
    update_index,
)  # fmt: skip
from studio.tasks.inside_boxes import Inside
from studio.tasks.lesson import Lesson, Said
from studio.tasks.library_map import map_library
from studio.tasks.query import SearchQuery, in_words
from studio.tasks.ranking import Hit
from studio.tasks.retrieval import TextMatch, search
from studio.tasks.sound_statistics import sound_statistics
from studio.tasks.speaker import find_speakers
from studio.tasks.speech import transcribe
from studio.tasks.survey import survey
from studio.tasks.synchronise import synchronise
from studio.tasks.teaching import detect, detector_name, measure_teaching, teach
from studio.tasks.text_reading import read_text
from studio.tasks.turns import speaker_turns
from studio.tasks.voices import tell_voices

__all__ = [
    "FINDINGS_FILE",
    "Decision",
    "Embedded",
    "Findings",
    "Hit",
    "Inside",
    "Lesson",
    "Said",
    "SearchQuery",
    "Slot",
    "Stretch",
    "TaskContext",
    "TextMatch",
    "VideoRef",
    "answered",
    "catalogue",
    "delete_detector",
    "detect",
    "detector_card",
    "detector_name",
    "detector_row",
    "download",
    "embed_stretches",
    "engines",
    "explain",
    "export_detector",
    "face_boxes",
    "face_tracks",
    "find_emotions",
    "find_speakers",
    "findings_state",
    "gains_from_gpu",
    "gallery_card",
    "gallery_names",
    "glance",
    "ground",
    "import_detector",
    "in_words",
    "index_video",
    "install",
    "is_indexed",
    "join_stretches",
    "keep_findings",
    "key_of",
    "looks_inside",
    "make_thumbnails",
    "map_library",
    "measure_teaching",
    "missing",
    "most_different",
    "oom_fallbacks",
    "out_of_memory",
    "people_rows",
    "pictures_of",
    "read_text",
    "relabel_detectors",
    "search",
    "sound_statistics",
    "speaker_turns",
    "stretches_of",
    "survey",
    "synchronise",
    "teach",
    "tell_voices",
    "text_vectors",
    "time_encoder",
    "track_box",
    "transcribe",
    "update_index",
    "use_threads",
]
