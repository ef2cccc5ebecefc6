// The shapes that the page's parts and Python hand each other. Times are in seconds from the first frame.

/** What an annotation may carry beside its own fields, as JSON has it.
 * @typedef {null | boolean | number | string | Json[] | { [key: string]: Json }} Json
 */

/** @typedef {"" | "accepted" | "corrected" | "rejected"} Verdict what a person decided about a prediction */
/** @typedef {"manual" | "correction" | "accepted" | "import"} Source where an annotation comes from */

/** What a person says of a stretch of time. `model/annotation.js` lists the fields.
 * @typedef {object} Annotation
 * @property {string} id
 * @property {string} track the row it lies in
 * @property {number} start
 * @property {number} end
 * @property {string} label
 * @property {string} note
 * @property {Source} source
 * @property {string | null} prediction_id the prediction that it accepts or corrects
 * @property {string} annotator who made it
 * @property {string} edited_by who changed it last
 * @property {number} version counted by the server, 0 before it knows of it
 * @property {boolean} deleted
 * @property {{ [key: string]: Json }} attributes
 */

/** What a model found; never changed, only decided about.
 * @typedef {object} Found
 * @property {string} track
 * @property {number} start
 * @property {number} end
 * @property {string} label
 * @property {number} score
 * @property {number} [confidence] how likely it is what was asked for, 0…1
 * @property {number} [stability] whether changed versions of the video have it too, 0…1
 * @property {number} [onset] when an expression comes, is strongest and is gone
 * @property {number} [apex]
 * @property {number} [offset]
 * @property {string} [box] the id of the box over time that it is about
 *
 * medium: the video of another camera of the timeline that it was found in, and the row that it is shown in then.
 * @typedef {Found & { id: string, run: string, task: string, verdict: Verdict, medium?: string, row?: string }} Prediction
 * @typedef {Found & { id: string, preview: true }} Preview a prediction of a job that still runs
 */

/** A segment as the timeline shows one. Of annotations and predictions together, each has some of the fields.
 * @typedef {Annotation | Prediction} Item
 */

/** One model's work on a video.
 * @typedef {object} Run
 * @property {string} id
 * @property {string} task
 * @property {string} model
 * @property {string | null} query
 * @property {string} [medium] the video of another camera of the timeline that it is about
 */

/**
 * @typedef {"queued" | "running" | "done" | "failed" | "cancelled"} JobState
 *
 * @typedef {object} Job
 * @property {string} id
 * @property {string} kind
 * @property {string | null} video_id
 * @property {JobState} state
 * @property {number} progress 0 to 1
 * @property {number} ahead how many are done before it, while it waits
 * @property {boolean} [held] it waits while the queue is paused, or outside its hours
 * @property {string} message
 * @property {string | null} error
 * @property {string} [medium] the name of another camera of the timeline that it is about
 * @property {{ note?: string, medium?: string, offset_us?: number | null,
 *   corrected?: { offset_us: number, rate: number } | null } | null} result
 * @property {string} created
 */

/** What people read while a job of a kind runs, and what they press to start one (nothing: it starts by itself).
 * @typedef {{ [kind: string]: { title: string, button: string, pictures: boolean } }} JobKinds pictures: it goes by them
 */

/**
 * @typedef {object} Video
 * @property {string} id
 * @property {string} name
 * @property {number} duration
 * @property {number} width 0: it is sound alone
 * @property {number} height
 * @property {number} fps
 * @property {boolean} vfr
 * @property {string | null} audio the codec of its sound
 * @property {number} media_start the first frame on the file's own clock
 * @property {boolean} uploaded
 * @property {number} annotations how many it has
 * @property {number} predictions
 */

/**
 * What the key of a label makes.
 * @typedef {"segment" | "point" | "state"} LabelKind
 * @typedef {"choice" | "several" | "number" | "text" | "yes_no"} AttributeKind
 * @typedef {{ name: string, kind: AttributeKind, options: string[], low: number | null, high: number | null,
 *   changes: boolean }} AttributeType changes: its value may change within a segment
 * @typedef {{ track: string, label: string, colour: string, hotkey: string | null, kind: LabelKind,
 *   attributes: AttributeType[] }} Label
 * @typedef {"" | "included_in" | "time_subdivision" | "symbolic_subdivision" | "symbolic_association"} TrackDependency
 * @typedef {{ track: string, closed: boolean, exclusive: boolean, attributes: AttributeType[], parent: string | null,
 *   dependency: TrackDependency, scale: [number, number] | null }} Track scale: lowest and highest value of one that is
 *   drawn as a curve closed: only the labels of the schema may be used; exclusive: only one state
 *   holds at a time; parent: the row that it depends on, and how (studio/timeline/tiers.py)
 * @typedef {{ key: string, labels: Label[], tracks: Track[] }} Schema
 * @typedef {{ track: string, from: number, name: string | null }} FaceName from a time on a face track has a name, or is nobody
 * @typedef {{ seq: number, names: readonly FaceName[] }} FaceNames
 *
 * Names that go, and names that take their place.
 * @typedef {{ before: readonly FaceName[], after: readonly FaceName[] }} NameChange
 */

/** An object over time: where it is at its key frames, and between them in proportion. Corners are left, top, right and
 * bottom as shares of the picture; from a hidden key frame to the next one it is not seen, from an occluded one on a part
 * of it is covered; source: who put it there.
 * @typedef {[number, number, number, number]} Corners
 * @typedef {{ at: number, box: Corners, hidden: boolean, source: "manual" | "tracked" | "import",
 *   occluded?: boolean }} BoxKey
 * @typedef {{ id: string, label: string, name: string, annotator: string, edited_by: string, version: number,
 *   deleted: boolean, attributes: { [name: string]: Json }, keys: readonly BoxKey[], step?: string, medium?: string
 *   }} BoxTrack step: the id of the step that changed it last; medium: the id of the camera over which it lies, whose
 *   times these are, "" or none: the main one
 *
 * What is said of a box track; a key frame without a box is not there, nor is an attribute that is null.
 * @typedef {{ label?: string, name?: string, deleted?: boolean, attributes?: { [name: string]: Json },
 *   keys?: readonly (BoxKey | { at: number, box: null })[], medium?: string }} BoxState
 * @typedef {{ id: string, before: BoxState, after: BoxState }} BoxChange
 */

// ------------------------------------------------------------------ edits

/** An edit of an annotation: what it is to be, and the version that the person saw.
 * @typedef {Omit<Annotation, "annotator" | "edited_by" | "version" | "deleted"> & {
 *   op: "create" | "update" | "delete" | "restore" | "follow", base_version: number, marked?: Marked }} AnnotationRequest
 *   follow: its row goes with the name of a person
 *
 * Where the playhead was when a boundary was marked while the video played, and at which rate it went (below 0: backwards).
 * @typedef {{ at: number, rate: number }} Played
 * @typedef {{ start?: Played, end?: Played }} Marked
 */

/** A decision about a prediction. `id` is the annotation that stands or falls with it.
 * @typedef {{ op: "verdict", prediction_id: string, verdict: Verdict, id?: string }} VerdictRequest
 */

/** A change of who the faces are.
 * @typedef {NameChange & { op: "people", id?: undefined, prediction_id?: undefined }} NameRequest
 */

/** A change of a box track.
 * @typedef {BoxChange & { op: "box", prediction_id?: undefined }} BoxRequest
 */

/** That a label is not there at an instant, or (not absent) that this was not said.
 * @typedef {{ op: "absent", track: string, label: string, at: number, absent: boolean, id?: undefined,
 *   prediction_id?: undefined }} AbsenceRequest
 */

/** A camera or a recording, by the id of its video, begins at `after` s of the timeline instead of `before`; null: it is
 * not on it. The rates are those of its clock (`model/media-place.js`), 1 where nothing is said.
 * @typedef {{ medium: string, before: number | null, after: number | null, before_rate?: number,
 *   after_rate?: number }} MediumChange
 * @typedef {{ track: string, first: number, before: (number | null)[], after: (number | null)[] }} TraceChange samples
 *   from number first on, null where nothing is said
 * @typedef {TraceChange & { op: "trace", id?: undefined, prediction_id?: undefined }} TraceRequest
 * @typedef {{ track: string, annotator: string, values: string }} TraceRow values: little-endian float32 in base64
 * @typedef {MediumChange & { op: "medium", id?: undefined, prediction_id?: undefined }} MediumRequest
 */

/** What an edit gets on its way: a name of its own, and who made it.
 * @typedef {{ edit_id: string, annotator: string }} Stamp
 * @typedef {AnnotationRequest | VerdictRequest | NameRequest | AbsenceRequest | MediumRequest | BoxRequest
 *   | TraceRequest} EditRequest
 * @typedef {AnnotationRequest & Stamp} AnnotationEdit
 * @typedef {VerdictRequest & Stamp} VerdictEdit
 * @typedef {NameRequest & Stamp} NameEdit
 * @typedef {AbsenceRequest & Stamp} AbsenceEdit
 * @typedef {MediumRequest & Stamp} MediumEdit
 * @typedef {BoxRequest & Stamp} BoxEdit
 * @typedef {TraceRequest & Stamp} TraceEdit
 * @typedef {AnnotationEdit | VerdictEdit | NameEdit | AbsenceEdit | MediumEdit | BoxEdit | TraceEdit} Edit
 */

/** What the server says to one edit; `annotation` is the row as it has it now (null for a verdict or names).
 * @typedef {{ edit_id: string, ok: true, annotation: Annotation | null }} Saved
 * @typedef {{ edit_id: string, ok: false, kind: "conflict" | "invalid" | "forbidden", error: string,
 *   current: Annotation | null }} NotSaved
 * @typedef {Saved | NotSaved} SaveResult
 * @typedef {{ edit: Edit, result: SaveResult }} Answer
 */

/** Mine and theirs of one annotation, until the person chooses.
 * @typedef {object} Conflict
 * @property {Annotation} mine
 * @property {Annotation | null} theirs null where the server has none
 * @property {VerdictEdit} [verdict] what goes with mine
 * @property {Edit[]} kept what storage has of it until then
 */

/** @typedef {"saved" | "saving" | "offline" | "failed"} SendingState failed: the server did not take it, and it is sent again */
/** @typedef {"saved" | "saving" | "offline" | "conflict"} SaveState what the page shows */

// ------------------------------------------------------------------ cameras and recordings

/** What plays on a timeline.
 * @typedef {object} Camera
 * @property {string} id of its video
 * @property {string} name
 * @property {number} width 0: it is sound alone
 * @property {number} height
 * @property {number} duration
 * @property {number} media_start the first frame on the file's own clock
 * @property {boolean} sound whether it has any
 * @property {boolean} playable whether a browser can play it
 * @property {number} offset where it begins on the timeline
 * @property {number} [rate] how fast its clock runs (`model/media-place.js`)
 * @property {"main" | "camera" | "sound"} role the frames of the main one are those of the timeline
 */

// ------------------------------------------------------------------ what is measured

/** How the time of a library is spent; times in s, null for points in time.
 * @typedef {object} TimeBudget
 * @property {string[]} tracks
 * @property {string[]} annotators
 * @property {number} videos
 * @property {number} observed
 * @property {{ track: string, label: string, count: number, total: number | null, mean: number | null,
 *   share: number | null, per_minute: number }[]} labels
 * @property {{ track: string, label: string, next: string, count: number, share: number }[]} transitions
 * @property {{ labels: string, transitions: string }} csv both as files
 */

/**
 * @typedef {object} FaceTrack
 * @property {string} track
 * @property {number[][]} boxes [t, x1, y1, x2, y2] each, in s and pixels
 * @property {number[]} times
 * @property {number[]} scores
 *
 * @typedef {{ track: string, label: string, times: number[], scores: number[], source?: string }} Graph source: what it
 *   is read from, face, text, frame or voice, or "fused" for all of them
 * @typedef {{ start: number, end: number, track: string, likeness: number }} Voice whose voice is heard
 * @typedef {{ one: string, other: string, likeness: number }} SoundsLike two face tracks whose voices are alike
 * @typedef {{ bands: number, rate: number, levels: Uint8Array }} Spectrogram
 * @typedef {{ id: number | null, version: number, start: number, end: number, text: string }} LineState what a line is to
 *   be; no id: it is not saved yet
 * @typedef {LineState & { source: string, annotator: string, origin?: string, speaker?: string,
 *   words?: { start: number, end: number, text: string, probability: number }[] }} Line what is said, and who wrote it;
 *   speaker: who says it, where a person said so
 *
 * @typedef {object} Curve the scores of a question over time
 * @property {string} run
 * @property {string | null} query
 * @property {number[]} times
 * @property {number[]} scores
 * @property {number[]} [adjusted]
 * @property {number[]} [clusters]
 * @property {number} [agreement]
 * @property {number} [remembered]
 * @property {boolean | null} [found] false: nothing fits well
 *
 * @typedef {object} RunPayload
 * @property {Omit<Curve, "run" | "query">} [curve]
 * @property {number} [agreement]
 * @property {number} [remembered]
 * @property {boolean | null} [found] false: nothing fits well
 * @property {FaceTrack[]} [tracks]
 * @property {SoundsLike[]} [alike]
 * @property {Graph[]} [curves]
 * @property {Voice[]} [voices]
 * @property {string} [note] what was missing
 */

// ------------------------------------------------------------------ the review desk

/** What the desk shows: one feed of what fits; "" and null let all through.
 * @typedef {{ feed: string, label: string, track: string, row: string, question: string, by: string, video: string,
 *   lowest: number | null, highest: number | null }} DeskWanted
 */

/** A prediction to decide, or an instant that chance chose (`at`), with the moment that it might be in.
 * @typedef {object} DeskItem
 * @property {string} id
 * @property {"prediction" | "instant"} kind
 * @property {string} video
 * @property {string} name of the video
 * @property {number} duration of the video
 * @property {number} media_start see Video
 * @property {boolean} [pictures] false: it is sound alone
 * @property {string} track
 * @property {string} label
 * @property {number} start
 * @property {number} end
 * @property {number | null} at
 * @property {number | null} score
 * @property {number} [confidence]
 * @property {number} [onset]
 * @property {number} [apex]
 * @property {number} [offset]
 * @property {string} [box]
 */

/** A share or a count with the bounds of 95 %. @typedef {{ value: number, low: number, high: number }} Share */

/** What is known of a label; see `studio/eval/sampling.py`.
 * @typedef {object} DeskProgress
 * @property {number} labelled moments
 * @property {number} instants answered without a gap
 * @property {string} note of the newest detector
 * @property {string | null} taught when it was
 * @property {number} news how often people said something since
 * @property {boolean} learning it is being taught, or waits to be
 * @property {{ left: Share | null, recall: Share | null, with_proposals: Share | null, precision: Share | null,
 *   enough: boolean, more: number | null }} estimate
 */

// ------------------------------------------------------------------ calls

/** Everything the timeline of a video shows.
 * @typedef {object} DocumentData
 * @property {Video} video
 * @property {Camera[]} [media] what plays on its timeline, itself first
 * @property {boolean} playable
 * @property {number} seq
 * @property {number} run_seq
 * @property {Run[]} runs
 * @property {Prediction[]} predictions
 * @property {Annotation[]} annotations
 * @property {BoxTrack[]} [boxes]
 * @property {TraceRow[]} [traces]
 * @property {Schema} schema
 * @property {string[]} palette
 * @property {FaceNames} people
 * @property {string[]} engines
 * @property {Job[]} jobs
 * @property {JobKinds} kinds of jobs
 * @property {boolean} indexed
 * @property {boolean} admin whether this person may change what others use
 * @property {boolean} independent whether annotators see their own work only
 * @property {Stretch[]} reviewed
 * @property {Reaction} reaction
 */

/** How long after a moment this person marks it while the video plays, in s, by so many of their corrections.
 * @typedef {{ delay: number, corrections: number }} Reaction
 */

/** What somebody looked through; a track of "" is every row.
 * @typedef {{ start: number, end: number, track: string, annotator: string }} Stretch
 */

/** What happened to a video since it was asked for last.
 * @typedef {object} News
 * @property {number} seq
 * @property {number} run_seq
 * @property {Camera[]} [media] what plays on the timeline
 * @property {Annotation[]} annotations
 * @property {BoxTrack[]} [boxes] that changed
 * @property {TraceRow[]} [traces] that changed
 * @property {{ [prediction: string]: Verdict }} verdicts
 * @property {Schema | null} schema
 * @property {(Run & { predictions: (Omit<Prediction, "verdict"> & { verdict?: Verdict })[] })[]} runs
 * @property {FaceNames} people
 * @property {string} [lines] another one whenever the lines of the transcript are
 * @property {(Job & { preview: Found[] })[]} jobs
 * @property {string[]} present
 * @property {boolean} independent
 * @property {Stretch[]} reviewed
 * @property {Reaction | null} [reaction] null where it is as before
 */

/** A moment that was found, and how well each part of its video fits.
 * @typedef {object} Hit
 * @property {string} video
 * @property {string} name
 * @property {number} score
 * @property {number} visual
 * @property {number | null} confidence how likely it is what was asked for, 0…1; null where nobody can say
 * @property {string} line what is said in it, or nothing
 * @property {[string, boolean][]} parts of the line, each with whether the question has it
 * @property {"seen" | "said" | "written"} why
 * @property {number} start
 * @property {number} end
 * @property {number} peak
 * @property {number} aspect width by height of its pictures; 0: it is sound alone
 *
 * @typedef {{ video: string, name: string, scores: number[], duration: number }} ScoreProfile
 */

/** @typedef {{ video: string, start: number, end: number }} SearchedMoment */

/**
 * @typedef {object} SearchQuery
 * @property {string} query
 * @property {SearchedMoment | SearchedMoment[]} [like]
 * @property {{ pixels: string, width: number, height: number }} [image]
 * @property {Filters} [filters]
 * @property {number | null} [said_weight]
 * @property {(number | null)[] | null} [levels]
 * @property {boolean} [even]
 *
 * @typedef {object} Filters
 * @property {string} [name]
 * @property {string} [label]
 * @property {number | null} [shortest]
 * @property {number | null} [longest]
 * @property {boolean | null} [annotated]
 */

/** A question about annotations; see docs/find.md. What is left out lets everything through.
 * @typedef {{ segments: FindStep[], videos?: string[], name?: string, every?: boolean }} FindQuestion every: each
 *   combination of segments is a moment, not each first one
 *
 * @typedef {object} FindStep
 * @property {string[]} [labels]
 * @property {string[]} [tracks]
 * @property {string[]} [annotators]
 * @property {string[]} [statuses]
 * @property {string} [text]
 * @property {string} [note]
 * @property {string} [said]
 * @property {{ [name: string]: string }} [attributes]
 * @property {number | null} [shortest]
 * @property {number | null} [longest]
 * @property {FindLink} [relation] to an earlier segment; the first has none
 *
 * @typedef {object} FindLink
 * @property {string} is
 * @property {number} [of] the number of the earlier one
 * @property {number | null} [least] s
 * @property {number | null} [most] s
 * @property {boolean} [absent]
 * @property {string} [same]
 * @property {string} [other]
 *
 * @typedef {object} FoundSegment
 * @property {"annotation" | "prediction" | "line"} kind
 * @property {string} id
 * @property {string} status
 * @property {string} track
 * @property {string} label
 * @property {string} note
 * @property {string} annotator
 * @property {{ [name: string]: Json }} attributes
 * @property {number | null} score
 * @property {number} start
 * @property {number} end
 * @property {number} start_us
 * @property {number} end_us
 *
 * @typedef {{ video: string, name: string, start: number, end: number, segments: (FoundSegment | null)[] }} FoundMoment
 *
 * @typedef {object} FoundMoments
 * @property {number} count
 * @property {number} total s
 * @property {number} in_videos in how many
 * @property {{ video: string, name: string, count: number, total: number }[]} videos of these moments
 * @property {FoundMoment[]} moments a page of them
 * @property {{ [video: string]: { duration: number, media_start: number } }} facts of the videos of these moments
 *
 * @typedef {object} FindChoices
 * @property {{ [name: string]: string[] }} values what the schema lets attributes be
 * @property {string[]} labels
 * @property {string[]} tracks
 * @property {string[]} annotators
 * @property {string[]} attributes
 * @property {{ id: string, name: string, question: FindQuestion, fixed: string }[]} kept
 */

/**
 * @typedef {object} ModelCard
 * @property {string} name
 * @property {string} task
 * @property {string} summary
 * @property {string} version
 * @property {string} source
 * @property {string} licence
 * @property {number} size
 * @property {string} [note]
 * @property {string[]} problems
 * @property {boolean} installed
 * @property {boolean} default
 * @property {{ [name: string]: number }} metrics
 * @property {string} plugin the package that it comes from, where it is not the studio's own
 * @property {boolean} [own] whether it was taught in a library
 * @property {number | null} [images_per_second] of an encoder, here
 * @property {boolean} [estimated] whether that is a guess from its size
 * @property {string} [hub] of the gallery: OWNER/NAME of the hub
 * @property {number} [parameters] in millions
 * @property {number} [download_bytes] about
 * @property {number} [memory_bytes] that it needs, about
 * @property {boolean} [fits] this machine
 * @property {{ [name: string]: number }} [published] numbers of its makers, in per cent
 * @property {string} [published_in] the address of their source
 *
 * @typedef {object} ModelDownload
 * @property {boolean} running
 * @property {number} done bytes
 * @property {number} total bytes
 * @property {string} error
 *
 * @typedef {object} EncoderStatus which encoder the library is searched with
 * @property {string} encoder
 * @property {string} next that it is being indexed with
 * @property {string} gone that was chosen and is no longer here
 * @property {boolean} [replaced] another version than the library was indexed with took its place
 * @property {number} [ready] videos that are indexed with the next, or with what took the place of the one before
 * @property {number} [of] so many
 * @property {string[]} [failed] their names
 *
 * @typedef {object} Side one model of a comparison
 * @property {string} model
 * @property {JobState} state
 * @property {number} progress
 * @property {string} message
 * @property {string | null} error
 * @property {Found[]} [predictions]
 * @property {number} [seconds]
 * @property {string} [note]
 */

/**
 * @typedef {object} FormatInfo
 * @property {string} name
 * @property {string} title
 * @property {string} extension
 * @property {boolean} reads
 * @property {boolean} writes
 * @property {boolean} lines whether it may be imported as lines of a transcript
 * @property {boolean} either whether it is written as annotations or as lines
 * @property {string[]} columns what a person may say that the columns of its files are
 *
 * @typedef {{ name: string, to: string, segments: number }} Renamed
 * @typedef {object} ImportPart
 * @property {string} name what the file calls the video
 * @property {{ id: string, name: string } | null} video
 * @property {string} rule how the name was understood
 * @property {{ id: string, name: string, folder: string }[]} likely videos that may be meant
 * @property {number} segments
 * @property {string[]} problems
 *
 * @typedef {object} ImportPreview
 * @property {"annotations" | "lines"} kind what `segments` become: annotations, or lines of the transcript
 * @property {ImportPart[]} parts
 * @property {Renamed[]} tracks
 * @property {Renamed[]} labels
 * @property {number} segments
 * @property {number} already as the file has them
 * @property {number} different here than in the file
 * @property {number} changed of these, what becomes as the file has it
 * @property {{ here: Said, file: Said }[]} differences the first few
 * @property {number} [objects] boxes over time
 * @property {number} [boxes] rows of which where they are seen is new
 * @property {number} [curves] that are new, or drawn as the file has them
 * @property {number} lines of a transcript, beside annotations
 * @property {number} lines_already
 * @property {number} [cameras] that are put on the timeline, or moved
 * @property {string[]} problems
 * @property {{ start: number, end: number, track: string, label: string }[]} sample
 * @property {{ name: string, to: string }[]} columns of a table, and what they are taken for
 * @property {number | null} fps the rate that frames are taken at, where the file does not say it
 *
 * @typedef {{ track: string, label: string, note: string, start: number, end: number }} Said
 *
 * @typedef {object} ImportRequest
 * @property {string | null} upload
 * @property {string} name
 * @property {string} format
 * @property {string} kind
 * @property {string} shift
 * @property {string} [video]
 * @property {{ [name: string]: string }} tracks
 * @property {{ [name: string]: string }} labels
 * @property {{ [name: string]: string }} videos
 * @property {{ [name: string]: string }} columns
 * @property {number} fps
 * @property {string} different what becomes of annotations that are otherwise here: "keep", "take" or "both"
 * @property {string} annotator
 *
 * @typedef {object} DatasetRequest
 * @property {string} format
 * @property {string} kind
 * @property {string} search
 * @property {string[] | null} videos null: all
 * @property {string} split
 * @property {number} seed
 * @property {boolean} clips
 * @property {string} licence
 * @property {string} name
 *
 * @typedef {object} PastImport
 * @property {string} id
 * @property {string} file
 * @property {string} kind
 * @property {number} annotations
 * @property {number} objects boxes over time
 * @property {number} lines
 * @property {number} [curves]
 * @property {number} [cameras]
 * @property {string} annotator
 * @property {string} at
 * @property {boolean} undone
 * @property {string} fixed why this person may not undo it, or nothing
 */

/**
 * @typedef {object} AnnotatorStatistics
 * @property {string} annotator
 * @property {number} edits
 * @property {number} videos that they annotated
 * @property {number} done with how many videos they are done
 * @property {number} manual
 * @property {number} accepted
 * @property {number} correction
 * @property {number} rejected
 * @property {number} import
 * @property {number | null} shift
 * @property {string} last
 *
 * @typedef {object} Progress
 * @property {number} videos
 * @property {number} annotated of them
 * @property {number} annotations
 * @property {number} undecided predictions
 * @property {number} waiting in how many videos
 * @property {{ id: string, name: string, waiting: number }[]} wait the videos in which most of them are
 * @property {{ label: string, videos: number, segments: number, duration: number }[]} labels
 *
 * @typedef {object} AgreementPair
 * @property {string} one
 * @property {string} other
 * @property {number} left_out segments that both worked on
 * @property {number} videos
 * @property {number} segments
 * @property {number} iou
 * @property {number | null} kappa
 * @property {{ name: string, pairs: number, alone: number, same: number, alpha: number | null,
 *   apart: number | null }[]} attributes
 * @property {number | null} start
 * @property {number | null} end
 *
 * @typedef {{ annotator: string, annotations: number, boxes: number, curves: number, decided: number,
 *   done: string }} LayerFacts done: since when, or ""
 * @typedef {{ independent: boolean, fixed: string, annotators: LayerFacts[] }} LayersOfVideo fixed: why this person
 *   cannot say whether annotators work independently, or nothing
 *
 * What two annotators made of one thing: ids of annotations, null where one did not mark it.
 * @typedef {{ kind: "same" | "boundary" | "label" | "one" | "other", track: string, one: string | null,
 *   other: string | null, iou: number }} Compared
 * @typedef {{ segments: number, iou: number, kappa: number | null, start: number | null, end: number | null,
 *   left_out: number }} LayerAgreement
 * @typedef {{ one: Annotation[], other: Annotation[], found: Compared[], agreement: LayerAgreement }} LayerComparison
 *
 * @typedef {object} ClusterNode
 * @property {string} name
 * @property {string} address nothing for whoever is no admin
 * @property {boolean} here whether it is the machine that serves
 * @property {number} cpus
 * @property {number} gpus
 * @property {number} memory bytes
 * @property {string} problem why it gets no jobs, or nothing
 * @property {number} workers
 * @property {string[]} busy the kind of job of each worker that has one
 * @property {string[]} models that are in memory
 *
 * @typedef {object} Cluster how the cluster is that does the library's jobs; what is optional is missing until it was
 *   connected for the first time
 * @property {string} address nothing for whoever is no admin
 * @property {boolean} connected
 * @property {string} problem why it is not, or nothing
 * @property {ClusterNode[]} [nodes]
 * @property {{ kind: string, count: number, why: string }[]} [waiting]
 * @property {{ kind: string, jobs: number, video_s: number }[]} [last_hour]
 * @property {number} [sent] bytes
 * @property {number} [fetched]
 *
 * @typedef {object} Status
 * @property {string} version
 * @property {number} uptime_s
 * @property {Record<Exclude<JobState, "done"> | "done", number> & { now: (Job & { title: string })[] }} queue
 * @property {{ name: string, alive: boolean, busy: boolean, memory: number | null, models?: string[] }[]} workers
 * @property {Cluster | null} cluster
 * @property {{ app: number, free: number, total: number }} memory
 * @property {{ free: number, total: number, spare: number }} disk
 * @property {{ size: number, log: number, videos: number, annotations: number, revisions: number, schema: string,
 *   read_only: string }} database
 * @property {{ name: string, at: string, what: string }[]} reports
 */

/** All work of the library, as the Overview page shows it.
 * @typedef {object} WorkJob
 * @property {string} id "" of what is no job: a model that is fetched, an export
 * @property {string} kind
 * @property {string} title
 * @property {string | null} video_id
 * @property {string} video its name
 * @property {string | null} query
 * @property {string} message
 * @property {string} asked_by "" where nobody asked, or it is not known who did
 * @property {number} [progress] of one that runs
 * @property {number | null} [left_s] null: nothing is known of it
 * @property {boolean} [held] it waits while the queue does not go on
 * @property {boolean} [own] the person may change when it is done; who is no admin, among their own
 * @property {string | null} [error]
 * @property {string} [ended]
 *
 * @typedef {{ kind: string, title: string, waiting: number, left_s: number | null, failed: number }} WorkKind
 *
 * @typedef {object} Work
 * @property {(WorkJob & { left_s: number | null })[]} running
 * @property {WorkJob[]} queue the first of those that wait
 * @property {number} waiting
 * @property {WorkKind[]} kinds
 * @property {WorkJob[]} failed the newest of them
 * @property {number} failures
 * @property {number | null} left_s
 * @property {number} unmeasured jobs that it says nothing of
 * @property {boolean} paused
 * @property {string} held why nothing is begun, or nothing
 * @property {string} hours like 20:00-07:00; nothing: all day
 * @property {number} cores 0: all
 * @property {number} cores_here
 * @property {boolean} serving
 * @property {boolean} several whether there are several users
 * @property {string} fixed why this person may not pause, limit and order, or nothing
 * @property {{ what: string, why: string, page: string }[]} off
 */

/** A library that this one can be exchanged for; there: its folder is where it was.
 * @typedef {{ name: string, opened: string, there: boolean }} OtherLibrary
 */

/** What the library takes of the disk; sizes in bytes.
 * @typedef {object} StorageState
 * @property {{ kind: string, title: string, bytes: number, lost: string }[]} kinds lost: what it costs to remove it;
 *   nothing: it is never removed
 * @property {{ id: string, name: string, bytes: number, used: string }[]} largest videos, by what is cached of them
 * @property {{ bytes: number, limit: number, free: number, apart: boolean }} cache limit: 0: none; apart: it does not
 *   lie in the library's folder
 * @property {number} free
 * @property {number} total
 * @property {string} counted when; nothing: it is being counted
 * @property {{ running: boolean, done: number, of: number, bytes: number } | null} cleaning
 * @property {string} fixed why this person may not make room, or nothing
 */

/**
 * Which videos are listed, and in which order; see studio/store/video_list.py.
 * @typedef {{ name: string, state: string, work: string, collection: string, tag: string, folder: string | null,
 *   sort: string, descending: boolean }} ListWanted
 *
 * @typedef {Video & { indexed: boolean, cleaned: boolean, lost: boolean, kept: string, independent: boolean, notes: string[],
 *   sounds: MediaTrack[], texts: MediaTrack[], state: string, undecided: number, edited: string, added: string,
 *   tags: string[] }} ListedVideo
 *
 * A folder that is being added, or is watched; failed: how many files could not be added.
 * @typedef {{ id: string, folder: string, watched: boolean, done: number, total: number, added: number, failed: number,
 *   problems: string[], notes: string[], ended: boolean }} AddedFolder
 *
 * @typedef {{ id: string, name: string, at: string, by: string }} RemovedVideo
 *
 * @typedef {{ index: number | string, name: string, chosen: boolean }} MediaTrack a sound or subtitle stream of a video by
 *   its index, or a subtitle file beside it by its name
 *
 * @typedef {object} KeptSearch
 * @property {string} id
 * @property {string} name
 * @property {SearchQuery} question
 * @property {string} fixed why this person may not remove it, or nothing
 */

/** What GET /map says beside the points: the videos, labels and clusters that are numbered there, and the ids of all but
 * footage.
 * @typedef {object} MapFacts
 * @property {{ id: string, name: string, media_start: number }[]} videos
 * @property {string[]} labels the first is "", of what has none
 * @property {{ [label: string]: string }} colours of the schema
 * @property {readonly string[]} palette
 * @property {string[]} clusters their names, or nothing
 * @property {string[]} ids
 * @property {{ videos: number, moments: number }} unplaced
 * @property {number} left_out pieces of footage that are not shown
 *
 * @typedef {object} MapState
 * @property {string} key another one whenever the points may be
 * @property {boolean} made
 * @property {number} indexed videos, of so many that are
 * @property {number} known
 * @property {Job | null} job that makes it
 * @property {string} error of the last job
 *
 * @typedef {{ done: number, left: number, refused: number, problems: string[] }} StepResult left: as they were, since
 *   they needed nothing or were decided
 */

/** What the page may ask of Python: each call's request and answer.
 * @typedef {object} Calls
 * @property {[{ annotator?: string }, { user: string, admin: boolean, read_only: string, library: string,
 *   libraries: OtherLibrary[] }]} session library: its name, where this person may open another one
 * @property {[{ library: string }, {}]} switch_library
 * @property {[ListWanted & { first: number, count: number, annotator?: string }, { videos: ListedVideo[],
 *   total: number, removed: RemovedVideo[], jobs: Job[], active: number, indexed: number, known: number, sounds: number,
 *   lost: number, duration: number, adding: AddedFolder[], encoder: EncoderStatus & { better: boolean } }]} list_videos
 * @property {[{ annotator: string }, { on: boolean, missing: number, fixed: boolean }]} library_words
 * @property {[{ annotator: string }, { collections: { id: string, name: string, videos: number, kept: boolean }[],
 *   tags: { tag: string, videos: number }[], folders: { folder: string, videos: number }[] }]} library_groups
 * @property {[ListWanted & { annotator: string }, { videos: string[] }]} video_ids
 * @property {[{ videos: string[], tag: string, on: boolean }, { videos: number }]} tag_videos
 * @property {[{ videos: string[], name?: string, out_of?: string, annotator: string }, { videos: number }]} collect_videos
 * @property {[{ collection: string, name: string, annotator: string }, {}]} rename_collection
 * @property {[{ collection: string, annotator: string }, {}]} delete_collection
 * @property {[{ videos: string[], kind: string }, { videos: number }]} prepare_videos
 * @property {[{ videos: string[], label: string, step: string, annotator: string }, StepResult]} label_videos
 * @property {[{ videos: string[], annotator: string }, { removed: string[], problems: string[] }]} remove_videos
 * @property {[{ videos: string[], annotator: string }, { videos: number }]} restore_videos
 * @property {[{ path: string, annotator: string }, { done: number, total: number, added: number, problems: string[],
 *   notes: string[] }]} add_path
 * @property {[{ folder: string, annotator: string }, {}]} stop_adding
 * @property {[{ folder: string }, {}]} forget_added
 * @property {[{ folder: string, after: string | null }, { lost: number, likely: number, relinked: number,
 *   last: string }]} relink
 * @property {[{ video: string, annotator: string }, {}]} remove_video
 * @property {[{ video: string, annotator: string }, Video]} restore_video
 * @property {[{ video: string }, Job]} index_video
 * @property {[{ job: string }, {}]} cancel_job
 * @property {[{}, { cancelled: number }]} cancel_jobs
 * @property {[{ on: boolean, annotator: string }, {}]} set_prepares_words
 * @property {[{}, { videos: number }]} prepare_words
 * @property {[SearchQuery, { hits: Hit[], strips: ScoreProfile[], indexed: number, known: number, wordless?: number,
 *   found: boolean | null }]} search
 * @property {[{ query: string, video: string, start: number, end: number }, Explanation]} explain
 * @property {[{ annotator: string }, MapState]} map_state
 * @property {[{ anew: boolean, annotator: string }, Job]} make_map
 * @property {[{ annotator: string }, { labels: string[], rows: string[] }]} label_choices
 * @property {[{ step: string, label: string, row: string, annotations: string[], predictions: string[],
 *   footage: { video: string, start: number, end: number }[], annotator: string }, StepResult]} label_moments
 * @property {[{ step: string, predictions: string[], annotator: string }, StepResult]} reject_moments
 * @property {[{ step: string, annotator: string }, StepResult]} undo_step
 * @property {[{ annotator: string }, { labels: { track: string, label: string, moments: number, videos: number }[] }]} teachable
 * @property {[{ label: string, track: string, deeper?: boolean, annotator: string }, Job]} teach
 * @property {[{ video: string, start: number, end: number, undo: boolean, annotator: string },
 *   { reviewed: Stretch[] }]} mark_reviewed
 * @property {[{ video: string, sound: number | string | null, subtitles?: number | null, file?: string }, Video]} choose_tracks
 * @property {[{ annotator?: string }, { labels: string[], kept: KeptSearch[], recent: string[] }]} search_options
 * @property {[{}, { examples: string[] }]} search_examples
 * @property {[{ name: string, question: SearchQuery, annotator: string }, {}]} save_search
 * @property {[{ search: string, annotator: string }, {}]} delete_search
 * @property {[{ search: string, annotator: string }, {}]} restore_search
 * @property {[{ question: FindQuestion, first: number, annotator: string }, FoundMoments]} find
 * @property {[{ annotator: string }, FindChoices]} find_choices
 * @property {[{ name: string, question: FindQuestion, annotator: string }, {}]} save_find
 * @property {[{ question: FindQuestion, format: string, annotator: string },
 *   { lost: string[], formats: { name: string, title: string }[] }]} found_preview
 * @property {[{}, { models: ModelCard[], newest: Camera | null, tried: { [task: string]: boolean }, downloads: { [model: string]: ModelDownload }, encoder: EncoderStatus,
 *   fixed: boolean }]} list_models
 * @property {[{}, { downloads: { [model: string]: ModelDownload }, encoder: EncoderStatus }]} model_downloads
 * @property {[{ model: string, annotator: string }, {}]} get_model
 * @property {[{ model: string, annotator: string }, {}]} pause_model
 * @property {[{ model: string, annotator: string }, {}]} cancel_model
 * @property {[{ model: string, annotator: string }, EncoderStatus]} use_encoder
 * @property {[{ model: string, annotator: string }, Job]} detect
 * @property {[{ model: string, annotator: string }, {}]} delete_detector
 * @property {[{ annotator: string }, {}]} stop_encoder
 * @property {[{ annotator: string }, EncoderStatus]} finish_encoder
 * @property {[{ annotator: string }, {}]} retry_encoder
 * @property {[{ model: string }, { images_per_second: number }]} time_encoder
 * @property {[{ annotator: string }, {}]} put_line_away
 * @property {[{ [field: string]: string }, { jobs: string[] }]} compare
 * @property {[{ jobs: string[] }, { sides: Side[], agreement: number | null }]} compared
 * @property {[{}, AnnotatorStatistics[]]} statistics
 * @property {[{ annotator: string }, Progress]} progress
 * @property {[{ track: string }, { people: string[], tracks: string[], pairs: AgreementPair[],
 *   left_out: number, curves: { track: string, one: string, other: string, videos: number, seconds: number,
 *   r: number | null, ccc: number | null, apart: number }[] }]} agreement
 * @property {[{ track: string, of: string | null, annotator: string }, TimeBudget]} time_budget
 * @property {[{}, Status]} show_status
 * @property {[{ annotator: string }, StorageState]} storage
 * @property {[{ limit: number, annotator: string }, {}]} limit_cache
 * @property {[{ to: number, kinds: string[] }, { bytes: number, videos: number, lost: string[] }]} cleaning_preview
 * @property {[{ to: number, kinds: string[], annotator: string }, {}]} clean_cache
 * @property {[{ waiting: number, failed: number, annotator: string }, Work]} work
 * @property {[{ on: boolean, annotator: string }, {}]} pause_work
 * @property {[{ cores: number | null, hours: string | null, annotator: string }, {}]} limit_work
 * @property {[{ job: string, to: string, annotator: string }, {}]} move_job
 * @property {[{ job: string, annotator: string }, {}]} retry_job
 * @property {[{ kind: string, annotator: string }, { retried: number }]} retry_jobs
 * @property {[{ name?: string, beside?: string, without?: string[], ids?: string[] }, { videos: Camera[],
 *   total: number }]} choose_videos
 * @property {[{ job: string, annotator: string }, {}]} dismiss_job
 * @property {[{ video: string, annotator?: string }, DocumentData]} load_document
 * @property {[{ video: string }, { previous: string | null, next: string | null }]} neighbours
 * @property {[{ video: string, since: number, run_since: number, schema: string, annotator: string, window: string },
 *   News]} changes
 * @property {[{ video: string, annotator: string }, LayersOfVideo]} annotators
 * @property {[{ video: string, independent: boolean, annotator: string }, LayersOfVideo]} set_independent
 * @property {[{ video: string, done: boolean, annotator: string }, LayersOfVideo]} set_done
 * @property {[{ video: string, one: string, other: string, annotator: string }, LayerComparison]} compare_layers
 * @property {[{ video: string, medium: string }, { offset: number, source: "timecode" | "created", note: string }]}
 *   timecode_offset
 * @property {[{ video: string, medium: string }, Job]} compare_sound
 * @property {[{ video: string, edits: Edit[], annotator: string }, { results: SaveResult[] }]} save
 * @property {[{ video: string, query: string, engine: string, refine: boolean, check: boolean, remember: boolean }, {}]} ground
 * @property {[{ video: string, at: number }, {}]} glance
 * @property {[{ video: string, kind: string }, Job]} start_job
 * @property {[{ video: string, box: string, at: number, until: number, edit: string, annotator: string }, Job]} track_box
 * @property {[{ video: string, at: number, until: number, medium: string }, { faces: BoxKey[][] }]} face_boxes
 * @property {[{ run: string }, { query: string | null, payload: RunPayload, boxes: { [prediction: string]: number[][] } }]} run_payload
 * @property {[{ annotation: string }, { op: string, annotator: string, at: string, after: Annotation | null }[]]} history
 * @property {[{ label: string, row: string, question: string, by: string, lowest: number | null,
 *   highest: number | null, order: string }, { videos: { id: string, name: string, waiting: number, unsure: number }[],
 *   labels: string[], rows: string[], questions: string[], annotators: string[] }]} still_undecided
 * @property {[DeskWanted & { count: number, shown: string[], window: string, annotator: string },
 *   { items: DeskItem[], shown: string[], waiting: number, elsewhere: number, unlikely: number, labels: Label[] }]} desk_queue
 * @property {[{ track: string, label: string, annotator: string }, DeskProgress]} desk_progress
 * @property {[{ video: string, annotator?: string }, { lines: Line[], fixed: string, state: string }]} transcript
 *   fixed: why this person may not replace it, or nothing; state: another one whenever the lines are
 * @property {[{ video: string, name: string, text?: string, bytes?: string, annotator: string },
 *   { count: number, import: string, problems: string[] }]} read_subtitles
 * @property {[{ video: string, annotator: string }, { import: string, rows: string[], lines: number, words: number }]}
 *   transcript_rows
 * @property {[LineStep & SentLine, SavedLine]} save_line
 * @property {[LineStep & { lines: (SentLine & { deleted?: boolean })[] }, { lines: SavedLine[] }]} save_lines
 * @property {[LineStep & { line: number, version: number, head: string, tail: string, at: number | null },
 *   { lines: SavedLine[] }]} split_line
 * @property {[LineStep & { line: number, version: number, text: string, other: number, other_version: number },
 *   { lines: SavedLine[] }]} merge_lines
 * @property {[LineStep & { line: number, version: number }, {}]} delete_line
 * @property {[LineStep & { line: number }, SavedLine]} restore_line
 * @property {[LineStep & { line: number, seq: number, before: boolean, version: number }, SavedLine]} revert_line
 * @property {[LineStep & { speaker: string, lines: { line: number, version: number }[] }, { lines: SavedLine[] }]} set_speaker
 * @property {[LineStep, { lines: number[] }]} undo_lines
 * @property {[LineStep, { lines: number[] }]} redo_lines
 * @property {[{ line: number | null }, { seq: number, op: string, annotator: string, at: string, before: Line | null,
 *   after: Line }[]]} line_history
 * @property {[{ schema: Schema & { renames: { track: string, from: string, to: string }[] }, annotator: string },
 *   Schema & { renamed: number, unseen: string[] }]} save_schema
 * @property {[{ track: string, label: string }, Schema]} add_label
 * @property {[{}, { formats: FormatInfo[], of_boxes: { name: string, title: string, extension: string }[] }]} formats
 *   of_boxes: those that have nothing but boxes over time, and are written only
 * @property {[{ video: string, format: string, kind: string }, { lost: string[], kinds: string[], fits: boolean }]}
 *   export_preview
 *   kinds: what there is to choose from for a file, first what it usually has; fits: false where it has no times for it
 * @property {[{}, { searches: string[] }]} dataset_searches
 * @property {[DatasetRequest, { videos: number, annotations: number, lines: number, lost: string[] }]} dataset_preview
 * @property {[DatasetRequest, { dataset: string }]} dataset_start
 * @property {[{ dataset: string }, { done: number, message: string, ready: boolean, error: string }]} dataset_state
 * @property {[{ dataset: string }, {}]} dataset_stop
 * @property {[ImportRequest, ImportPreview]} import_preview
 * @property {[ImportRequest, Omit<ImportPreview, "columns" | "fps"> & { import: string }]} import_apply
 * @property {[{ upload: string }, {}]} import_drop
 * @property {[{ import: string, annotator: string }, { removed: number, kept: number }]} import_undo
 * @property {[{ import: string, annotator: string }, { added: number, kept: number }]} import_redo
 * @property {[{ annotator?: string }, { imports: PastImport[] }]} imports
 *
 * @typedef {{ video: string, edit: string, annotator: string }} LineStep edit: an id, by which it is undone
 * @typedef {{ line: number | null, version: number, start: number, end: number, text: string }} SentLine
 * @typedef {{ line: number, version: number }} SavedLine
 * @typedef {object} Explanation
 * @property {[string, number][]} words
 * @property {[number, number][]} frames
 * @property {number} peak when the best frame is shown
 * @property {{ word: string, kind: "object" | "attribute" | "action", text: string, confidence: number,
 *   heat: number[] }[]} parts what the question names, and how much each cell of the grid adds to it
 * @property {number} grid cells a side; 0 where there are none
 * @property {[number, number, number, number]} area of the picture that the grid covers: x, y, width, height, 0…1
 *
 * @typedef {{ [Name in keyof Calls]: (request: Calls[Name][0]) => Promise<unknown> }} Server
 */

export {};
