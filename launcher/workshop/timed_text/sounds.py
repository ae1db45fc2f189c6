"""Words by which captions name a sound, a manner of speaking, or words that nobody understood."""

from __future__ import annotations

import re
import unicodedata

_SOUNDS = """
laugh laughs laughing laughter chuckle chuckles chuckling giggle giggles giggling snicker snickers applause
applauds clap claps clapping cheer cheers cheering crowd audience music musical song sings singing hum hums
humming whistle whistles whistling instrumental jingle melody piano guitar drums beat sigh sighs sighing cough
coughs coughing sneeze sneezes sniff sniffs sniffles sniffling sob sobs sobbing cry cries crying weeps weeping
gasp gasps gasping pant pants panting groan groans groaning moan moans grunt grunts scream screams screaming
shout shouts shouting yell yells yelling whisper whispers whispering mumbles mumbling murmurs muttering
stammers breath breathes breathing breathe inhales exhales yawn yawns clears throat gulps swallows burps
hiccups snores snoring silence pause pauses beep beeps beeping bleep buzz buzzes buzzing ring rings ringing
bell bells knock knocks knocking door phone thunder rain wind footsteps noise static click clicks clicking
typing rustling barks barking meows chirping engine siren sirens horn honks explosion gunshot gunfire crash
thud bang creaks slams sound sounds sfx theme intro outro laut lacht lachen gelächter lachend applaus beifall
musik seufzt seufzen hustet husten räuspert räuspern niest weint schluchzt flüstert flüsternd schreit stille
geräusch rauschen klatschen singt pfeift rire rires rit riant applaudissements musique soupir soupire soupirs
toux tousse chuchote chuchotant crie pleure bruit bruits chante siffle risa risas ríe riendo aplausos música
musica suspira suspiro tose tos susurra susurrando grita llora silencio ruido canta silba risate risata ride
applausi sospira sospiro tossisce sussurra urla piange silenzio rumore rumori gelach muziek zucht hoest
fluistert huilt stilte geluid risos ri tosse chora silêncio ruído śmiech śmieje muzyka oklaski brawa
westchnienie kaszel cisza szept смех смеется смеётся аплодисменты музыка вздох вздыхает кашель кашляет тишина
шёпот шепот плачет шум сміх музика оплески skratt applåder latter musikk 笑 笑い 笑い声 拍手 音楽
咳 ため息 笑声 掌声 音乐 鼓掌 웃음
박수 음악
"""
_MISSING = """
inaudible unintelligible unclear indistinct indiscernible undecipherable crosstalk incomprehensible
unverständlich unverstaendlich undeutlich incompréhensible inintelligible ininteligible incomprensible
inaudibile incomprensibile onverstaanbaar ininteligível inaudível niezrozumiałe niewyraźne неразборчиво
неслышно нерозбірливо ohörbart uhørlig xxx xx yyy unk blank redacted censored expletive 聞き取れない 听不清 聽不清 불명
"""
_NOT_ABOUT_SOUNDS = "i me my you your we us our that this because but if when which who"
_OF_SOUNDS, _OF_GAPS, _OF_SENTENCES = (
    frozenset(each.split()) for each in (_SOUNDS, _MISSING, _NOT_ABOUT_SOUNDS)
)
_SPEAKS = re.compile(r"\b(?:speaks?|speaking|talking|foreign|spricht|parle|habla|hablando|parla)\b")
_MOST_WORDS = 4
_MANNERS = re.compile(
    r"[a-z]+ly|off[ -]?(?:screen|camera|stage|mic)|voice ?-?over|on (?:the )?(?:phone|radio|tv)|"
    r"in (?:english|german|french|spanish|italian|dutch|russian|japanese|chinese|latin)"
)


def _plain_words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", unicodedata.normalize("NFC", text).casefold())


def is_sound(remark: str) -> bool:
    """Whether a short remark names a sound or a manner: (laughs), (upbeat music), (quietly)."""
    words = _plain_words(remark)
    if not words or len(words) > _MOST_WORDS or _OF_SENTENCES.intersection(words):
        return False
    is_closed = remark.rstrip().endswith((".", "!", "?")) and len(words) > 2
    plain = " ".join(words)
    return not is_closed and (
        bool(_OF_SOUNDS.intersection(words))
        or bool(_MANNERS.fullmatch(plain))
        or plain in ("笑", "w")
    )


def says_words_are_missing(remark: str) -> bool:
    """Whether a remark stands for words that are spoken: [inaudible], [ __ ], (?), [speaks French], [...]."""
    words = _plain_words(remark)
    if not words:
        return any(each in remark for each in ("_", "?", "…")) or "..." in remark
    if len(words) > _MOST_WORDS:
        return False
    return bool(_OF_GAPS.intersection(words)) or bool(_SPEAKS.search(" ".join(words)))
