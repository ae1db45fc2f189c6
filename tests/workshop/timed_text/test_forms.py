"""Each program's form comes out as the same cues."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.workshop.timed_text import TimedTextFault, read_timed_text
from pod_image.dataset.timed_texts import TIMED_ENDINGS

ONE, TWO = "The ferry leaves at noon.", "Nobody told them about it."


def read(name: str, raw: str | bytes) -> list[tuple[float, float, str]]:
    data = raw.encode() if isinstance(raw, str) else raw
    cues = read_timed_text(name, data).cues
    return [(round(cue.start, 2), round(cue.end, 2), cue.text) for cue in cues]


SAID = [(0.5, 1.9, ONE), (2.3, 4.0, TWO)]

TEXTGRID = f"""File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 5
tiers? <exists>
size = 2
item []:
    item [1]:
        class = "IntervalTier"
        name = "utterances"
        xmin = 0
        xmax = 5
        intervals: size = 4
        intervals [1]:
            xmin = 0
            xmax = 0.5
            text = ""
        intervals [2]:
            xmin = 0.5
            xmax = 1.9
            text = "{ONE}"
        intervals [3]:
            xmin = 1.9
            xmax = 2.3
            text = "<sil>"
        intervals [4]:
            xmin = 2.3
            xmax = 4.0
            text = "{TWO}"
    item [2]:
        class = "IntervalTier"
        name = "phones"
        xmin = 0
        xmax = 5
        intervals: size = 1
        intervals [1]:
            xmin = 0
            xmax = 5
            text = "D"
"""
SHORT_TEXTGRID = f"""File type = "ooTextFile short"
"TextGrid"

0
5
<exists>
1
"IntervalTier"
"ann"
0
5
3
0.5
1.9
"{ONE}"
1.9
2.3
""
2.3
4
"{TWO}"
"""
EAF = f"""<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2026-01-01" FORMAT="3.0" VERSION="3.0">
<HEADER MEDIA_FILE="" TIME_UNITS="milliseconds"/>
<TIME_ORDER><TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="500"/><TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="1900"/>
<TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="2300"/><TIME_SLOT TIME_SLOT_ID="ts4" TIME_VALUE="4000"/></TIME_ORDER>
<TIER LINGUISTIC_TYPE_REF="utt" TIER_ID="Ann">
<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
<ANNOTATION_VALUE>{ONE}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts3" TIME_SLOT_REF2="ts4">
<ANNOTATION_VALUE>{TWO}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER>
<TIER LINGUISTIC_TYPE_REF="t" PARENT_REF="Ann" TIER_ID="German">
<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a3" ANNOTATION_REF="a1"><ANNOTATION_VALUE>Die Fähre.</ANNOTATION_VALUE>
</REF_ANNOTATION></ANNOTATION></TIER>
</ANNOTATION_DOCUMENT>"""
TTML = f"""<?xml version="1.0" encoding="utf-8"?>
<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" ttp:frameRate="25"
 ttp:tickRate="10000000"><head><metadata/></head><body><div>
<p begin="5000000t" end="19000000t" region="r">The <span>ferry</span> leaves<br/>at noon.</p>
<p begin="00:00:02.300" dur="1.7s">{TWO}</p></div></body></tt>"""
ASS = f"""[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname
Style: Default,Arial

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Comment: 0,0:00:00.00,0:00:09.00,Default,,0,0,0,,a note, of the editor
Dialogue: 0,0:00:02.30,0:00:04.00,Default,,0,0,0,,{{\\i1}}Nobody{{\\i0}} told them\\Nabout it.
Dialogue: 1,0:00:00.50,0:00:01.90,Default,,0,0,0,,{ONE}
Dialogue: 0,0:00:00.00,0:00:09.00,Default,,0,0,0,,{{\\p1}}m 0 0 l 100 0
"""
FORMS: dict[str, str | bytes] = {
    "talk.txt": f"0.500000\t1.900000\t{ONE}\n2.300000\t4.000000\t{TWO}\n",
    "talk-region.txt": f"0.5\t1.9\t{ONE}\n\\\t100.0\t2000.0\n2.3\t4.0\t{TWO}\n\\\t-1.0\t-1.0\n",
    "talk-comma.txt": f"0,5\t1,9\t{ONE}\n2,3\t4,0\t{TWO}\n",
    "talk.tsv": f"start\tend\ttext\n500\t1900\t{ONE}\n2300\t4000\t{TWO}\n",
    "talk.csv": f'start,end,text\n500,1900," {ONE}"\n2300,4000," {TWO}"\n',
    "talk-editor.csv": f'Speaker Name,Start Time,End Time,Text\nAnn,00:00:00.500,00:00:01.900,"{ONE}"\n'
    f'Ann,00:00:02.300,00:00:04.000,"{TWO}"\n',
    "talk-markers.csv": f"Name\tStart\tDuration\tTime Format\n{ONE}\t0:00.500\t0:01.400\tdecimal\n"
    f"{TWO}\t0:02.300\t0:01.700\tdecimal\n",
    "talk.sbv": f"0:00:00.500,0:00:01.900\n{ONE}\n\n0:00:02.300,0:00:04.000\nNobody told them\nabout it.\n",
    "talk.TextGrid": TEXTGRID,
    "talk-16.TextGrid": TEXTGRID.encode("utf-16"),
    "talk-short.TextGrid": SHORT_TEXTGRID,
    "talk.eaf": EAF,
    "talk.ttml": TTML,
    "talk.ass": ASS,
    "talk.srv1": f'<transcript><text start="0.5" dur="1.4">{ONE}</text>'
    f'<text start="2.3" dur="1.7">{TWO}</text></transcript>',
    "talk.srv3": f'<timedtext format="3"><body><p t="500" d="1400">{ONE}</p><p t="2300" d="1700"><s>Nobody </s>'
    f'<s t="200">told them about it.</s></p></body></timedtext>',
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_same_cues(name: str) -> None:
    assert read(name, FORMS[name]) == SAID


def test_lyrics_last_until_the_next_line_and_move_with_their_offset() -> None:
    text = (
        f"[ar:Ann]\n[offset:500]\n[00:01.00]{ONE}\n[00:02.40]\n"
        "[00:02.80]<00:02.80>Nobody <00:03.00>told them about it.\n[00:04.50]\n"
    )
    assert read("talk.lrc", text) == SAID


def timed_words(*said: tuple[float, float, str], start: str = "start", end: str = "end", word: str = "word",
          unit: float = 1.0) -> list[dict[str, Any]]:  # fmt: skip
    return [{start: s * unit, end: e * unit, word: w, "confidence": 0.9} for s, e, w in said]


TIMED_WORDS = [
    (0.5, 0.7, "The"), (0.7, 1.1, "ferry"), (1.1, 1.4, "leaves"), (1.4, 1.5, "at"), (1.5, 1.9, "noon."),
    (2.3, 2.7, "Nobody"), (2.7, 3.0, "told"), (3.0, 3.2, "them"), (3.2, 3.6, "about"), (3.6, 4.0, "it."),
]  # fmt: skip


def spoken_items() -> list[dict[str, Any]]:
    """As Amazon and Speechmatics have them: full stops are items of their own."""
    items: list[dict[str, Any]] = []
    for start, end, word in TIMED_WORDS:
        times = {"start_time": str(start), "end_time": str(end)}
        best = [{"confidence": "0.9", "content": word.rstrip(".")}]
        items.append({**times, "alternatives": best, "type": "pronunciation"})
        if word.endswith("."):
            items.append({"alternatives": [{"content": "."}], "type": "punctuation"})
    return items


def segments(unit: float = 1.0, **more: Any) -> list[dict[str, Any]]:
    return [{"start": s * unit, "end": e * unit, "text": f" {t}", **more} for s, e, t in SAID]


GOOGLE_WORDS = [
    {"startTime": f"{s:.3f}s", "endTime": f"{e:.3f}s", "word": w, "speakerTag": 1}
    for s, e, w in TIMED_WORDS
]
JSONS: dict[str, Any] = {
    "whisper": {"text": f"{ONE} {TWO}", "segments": segments(id=0, seek=0), "language": "en"},
    "faster-whisper, as people write it down": segments(),
    "whisperx": {
        "segments": [{**one, "words": timed_words(*TIMED_WORDS)} for one in segments(speaker="SPEAKER_00")],
        "word_segments": timed_words(*TIMED_WORDS),
    },
    "whisper.cpp": {
        "systeminfo": "AVX = 1", "result": {"language": "en"},
        "transcription": [
            {"timestamps": {"from": "x", "to": "y"}, "offsets": {"from": s * 1000, "to": e * 1000}, "text": f" {t}"}
            for s, e, t in SAID
        ],
    },
    "transformers": {"text": "", "chunks": [{"timestamp": [s, e], "text": t} for s, e, t in SAID]},
    "vosk": {"result": timed_words(*TIMED_WORDS), "text": ""},
    "google": {"results": [{"alternatives": [{"transcript": "", "words": GOOGLE_WORDS}]}]},
    "google with speakers": {
        "results": [
            {"alternatives": [{"transcript": "", "words": GOOGLE_WORDS[:5]}]},
            {"alternatives": [{"transcript": "", "words": GOOGLE_WORDS[5:]}]},
            {"alternatives": [{"words": GOOGLE_WORDS}]},
        ]
    },
    "amazon": {"jobName": "j", "results": {"transcripts": [{"transcript": ONE}], "items": spoken_items()}},
    "amazon's segments": {
        "results": {"items": spoken_items(), "audio_segments": [
            {"id": n, "transcript": t, "start_time": str(s), "end_time": str(e)} for n, (s, e, t) in enumerate(SAID)
        ]}
    },
    "deepgram": {
        "metadata": {"duration": 5.0},
        "results": {"channels": [{"alternatives": [{"transcript": "", "words": [
            {"word": w.lower().rstrip("."), "start": s, "end": e, "punctuated_word": w} for s, e, w in TIMED_WORDS
        ]}]}]},
    },
    "assemblyai": {
        "id": "x", "status": "completed", "text": f"{ONE} {TWO}", "audio_duration": 5,
        "words": timed_words(*TIMED_WORDS, word="text", unit=1000),
    },
    "assemblyai's utterances": {"words": [], "utterances": segments(unit=1000, speaker="A")},
    "azure": {"recognizedPhrases": [
        {"offsetInTicks": s * 1e7, "durationInTicks": (e - s) * 1e7, "nBest": [{"lexical": "x", "display": t}]}
        for s, e, t in SAID
    ]},
    "speechmatics": {"format": "2.9", "results": spoken_items()},
    "rev": {"monologues": [{"speaker": 0, "elements": [
        part for s, e, w in TIMED_WORDS for part in (
            {"type": "text", "value": w.rstrip("."), "ts": s, "end_ts": e},
            {"type": "punct", "value": "." if w.endswith(".") else " "},
        )
    ]}]},
    "elevenlabs": {"language_code": "en", "text": "", "words": [
        part for s, e, w in TIMED_WORDS for part in (
            {"text": w, "start": s, "end": e, "type": "word", "speaker_id": "speaker_0"},
            {"text": " ", "start": e, "end": e, "type": "spacing"},
        )
    ]},
    "gladia": {"result": {"transcription": {"utterances": segments(speaker=0)}}},
    "youtube": {"wireMagic": "pb3", "events": [
        {"tStartMs": s * 1000, "dDurationMs": (e - s) * 1000, "segs": [{"utf8": t}]} for s, e, t in SAID
    ]},
}  # fmt: skip


@pytest.mark.parametrize("maker", JSONS)
def test_every_recogniser_s_json_gives_the_same_cues(maker: str) -> None:
    assert read("talk.json", json.dumps(JSONS[maker])) == SAID


def test_vosk_s_results_may_stand_one_after_the_other() -> None:
    first, second = (
        json.dumps({"result": timed_words(*part)}, indent=2) for part in (TIMED_WORDS[:5], TIMED_WORDS[5:])
    )  # fmt: skip
    assert read("talk.json", f"{first}\n{second}\n") == SAID


def test_words_without_full_stops_are_parted_at_pauses() -> None:
    lower = [(s, e, w.lower().rstrip(".")) for s, e, w in TIMED_WORDS]
    later = [(s + 2, e + 2, w) for s, e, w in lower[5:]]
    found = read("talk.json", json.dumps({"result": timed_words(*lower[:5], *later)}))
    assert [text for _, _, text in found] == ["the ferry leaves at noon", "nobody told them about it"]  # fmt: skip


def test_speakers_of_a_recogniser_are_kept_where_there_are_several() -> None:
    document = {"segments": [{**one, "speaker": f"S{n}"} for n, one in enumerate(segments())]}
    cues = read_timed_text("talk.json", json.dumps(document).encode()).cues
    assert [cue.speaker for cue in cues] == ["S0", "S1"]


def test_rows_of_annotators_give_their_names_and_say_what_is_left_aside() -> None:
    two = EAF.replace('LINGUISTIC_TYPE_REF="t" PARENT_REF="Ann" TIER_ID="German"', 'TIER_ID="Ben"')
    two = two.replace(
        '<REF_ANNOTATION ANNOTATION_ID="a3" ANNOTATION_REF="a1">',
        '<ALIGNABLE_ANNOTATION ANNOTATION_ID="a3" TIME_SLOT_REF1="ts2" TIME_SLOT_REF2="ts3">',
    ).replace("</REF_ANNOTATION>", "</ALIGNABLE_ANNOTATION>")
    assert [cue.speaker for cue in read_timed_text("talk.eaf", two.encode()).cues] == ["Ann", "Ben", "Ann"]  # fmt: skip
    (note,) = read_timed_text("talk.eaf", EAF.encode()).findings
    assert "Ignored: German" in str(note.message)


def test_two_readings_of_the_same_times_are_not_chosen_between() -> None:
    row = SHORT_TEXTGRID.split("<exists>\n1\n")[1].replace("ann", "deutsch")
    rivals = SHORT_TEXTGRID.replace("<exists>\n1", "<exists>\n2") + row
    with pytest.raises(TimedTextFault, match="two rows for the same times"):
        read("talk.TextGrid", rivals)


def test_words_of_an_aligner_are_joined_to_sentences() -> None:
    rows = "\n".join(f'{s}\n{e}\n"{w.lower()}"' for s, e, w in TIMED_WORDS)
    row = f'"IntervalTier"\n"words"\n0\n5\n10\n{rows}\n'
    grid = f'File type = "ooTextFile short"\n"TextGrid"\n\n0\n5\n<exists>\n1\n{row}'
    assert [text for _, _, text in read("talk.TextGrid", grid)] == [ONE.lower(), TWO.lower()]


def test_labels_of_sounds_are_no_texts() -> None:
    with pytest.raises(TimedTextFault, match="labels of sounds"):
        read("talk.lab", "0 2500000 sil\n2500000 3000000 D\n3000000 4000000 @\n")


@pytest.mark.parametrize(
    ("name", "raw", "what"),
    [
        ("talk.json", '{"segments": [{"start": 0.0, "end": 1.4, "te', "breaks off"),
        ("talk.json", '{"start": 1, "note": "x"}', "not from a recogniser"),
        ("talk.eaf", EAF[:900], "breaks off"),
        ("talk.TextGrid", TEXTGRID[:500], "breaks off"),
        ("talk.ttml", '<!DOCTYPE x [<!ENTITY a "b">]><tt xmlns="http://www.w3.org/ns/ttml"/>', "entities"),
    ],
)  # fmt: skip
def test_what_is_damaged_is_said(name: str, raw: str, what: str) -> None:
    with pytest.raises(TimedTextFault, match=what):
        read(name, raw)


@given(
    name=st.sampled_from([f"talk{ending}" for ending in TIMED_ENDINGS]),
    form=st.sampled_from([*FORMS.values(), *map(json.dumps, JSONS.values())]),
    cut=st.integers(0, 2000),
    noise=st.binary(max_size=20),
)
def test_no_file_of_a_stranger_breaks_the_reader(
    name: str, form: str | bytes, cut: int, noise: bytes
) -> None:
    raw = form.encode() if isinstance(form, str) else form
    try:
        cues = read_timed_text(name, raw[:cut] + noise + raw[cut + 5 :]).cues
    except TimedTextFault:
        return
    assert all(cue.end > cue.start for cue in cues)


def test_lines_stamped_with_hours_are_no_lyrics_of_hundredths() -> None:
    assert read("talk.txt", f"[00:00:03] {ONE}\n\n[00:01:02] {TWO}\n") == [
        (3.0, 62.0, ONE),
        (62.0, 67.0, TWO),
    ]
    assert read("talk.lrc", f"[00:03:75]{ONE}\n[01:02:10]{TWO}\n")[0][0] == 3.75


def test_labels_with_a_column_of_who_speaks_give_the_speaker_not_a_word() -> None:
    lines = "".join(f"{n}.0\t{n}.9\t{'ann' if n % 2 else 'ben'}\t{ONE}\n" for n in range(4))
    cues = read_timed_text("talk.tsv", lines.encode()).cues
    assert [cue.text for cue in cues] == [ONE] * 4
    assert [cue.speaker for cue in cues] == ["ben", "ann", "ben", "ann"]


@pytest.mark.parametrize(
    "head", ["start_ms\tend_ms\ttext", "Beginn\tEnde\tText", "In point\tOut point\tText"]
)
def test_columns_of_times_are_known_by_their_other_names(head: str) -> None:
    assert read("talk.tsv", f"{head}\n500\t1900\t{ONE}\n2300\t4000\t{TWO}\n") == SAID


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("talk.csv", f"Speaker Name,Start Time,End Time,Text\nA,00:00:00:12,00:00:01:22,{ONE}\n", "frames"),
        ("talk.txt", f"Ann  0:00\n{ONE}\n\nBen  0:02\n{TWO}\n", "export it as SRT"),
    ],
)  # fmt: skip
def test_times_that_nothing_can_be_cut_at_are_refused_with_what_to_export(
    name: str, text: str, says: str
) -> None:
    with pytest.raises(TimedTextFault, match=says):
        read_timed_text(name, text.encode())
