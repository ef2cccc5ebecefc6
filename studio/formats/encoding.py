"""Text of old files: Unicode where it says so or can only be that, else the likeliest of the encodings of its time.

Long texts are told by charset-normalizer. It wants more than a few lines of subtitles: those are told by how common the
letters are that an encoding makes of them.
"""

import codecs
import re
from dataclasses import dataclass
from itertools import pairwise

from charset_normalizer import from_bytes

from studio.errors import FormatError, UsageError

_LONG = 400  # bytes beyond ASCII
_CANDIDATES = (
    "cp1252", "cp1250", "cp1254", "iso8859_2",
    "cp1251", "koi8_r", "cp1253", "cp1255", "cp1256", "cp874", "gb18030", "big5", "cp932", "euc_jp", "cp949",
)  # fmt: skip
_NAMES = {
    "cp1252": "Windows-1252 (Western European)", "cp1250": "Windows-1250 (Central European)",
    "cp1254": "Windows-1254 (Turkish)", "cp1251": "Windows-1251 (Cyrillic)", "koi8_r": "KOI8-R (Cyrillic)",
    "cp1253": "Windows-1253 (Greek)", "cp1255": "Windows-1255 (Hebrew)", "cp1256": "Windows-1256 (Arabic)",
    "cp874": "Windows-874 (Thai)", "gb18030": "GB18030 (Chinese)", "big5": "Big5 (Chinese)",
    "cp932": "Shift-JIS (Japanese)", "euc_jp": "EUC-JP (Japanese)", "cp949": "EUC-KR (Korean)",
    "iso8859_2": "ISO-8859-2 (Central European)", "latin_1": "ISO-8859-1", "utf_16_le": "UTF-16", "utf_16_be": "UTF-16",
}  # fmt: skip
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16",
}  # fmt: skip
# the letters of an alphabet, the commonest first
_ALPHABETS = {
    "cp1251": "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъёієїґў", "koi8_r": "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъёієїґў",
    "cp1253": "αοιετσνηυρπκμλςωόήίάέγδχθφύώβξζψ", "cp1255": "יוהלאתמרבשנעםדקחפכצגטסזןךףץ",
    "cp1256": "اليمنوترهبعكدسفحقةجشىصأطخذءضئثزغؤظآإ", "cp874": "านรกอเงวมยลทีดตสะัไขค่้ใแปิหพ์ชบถณจือุโศผธฉษภซฟญฐฎฏฆฤๆำๅ",
}  # fmt: skip
_ACCENTS = {
    "cp1252": "éèàùâêîôûçëïüöäßñáíóúãõåæøœÿ“”‘’–—…«»€¡¿ÉÈÀÙÂÊÎÔÛÇËÏÜÖÄÑÁÍÓÚÃÕÅÆØŒ°©",
    "cp1250": "ąćęłńóśźżáčďéěíňřšťúůýžőűăâîşţöüäßđ“”‘’„–—…«»€ĄĆĘŁŃÓŚŹŻÁČĎÉĚÍŇŘŠŤÚŮÝŽŐŰĂÂÎŞŢÖÜÄĐ",
    "cp1254": "çğıöşüâîûÇĞİÖŞÜÂÎÛ“”‘’–—…€",
    "iso8859_2": "ąćęłńóśźżáčďéěíňřšťúůýžőűăâîşţöüäßđĄĆĘŁŃÓŚŹŻÁČĎÉĚÍŇŘŠŤÚŮÝŽŐŰĂÂÎŞŢÖÜÄĐ",
}  # fmt: skip
_RUSSIAN = "и в не на я что как это с да ты вы он она нет мы так но всё все"
_WORDS = {
    "cp1251": _RUSSIAN, "koi8_r": _RUSSIAN, "cp1255": "של לא את מה אני זה כן אתה הוא היא על אבל יש אין טוב שלום",
}  # fmt: skip
_COMMON = {
    "gb18030": "的一是不了我在有他这你好们来大个上说到要就为么什会没时那她吗可对都吧去过天生知看想和能下中很得子里小家",
    "big5": "的一是不了我在有他這你好們來大個上說到要就為麼什會沒時那她嗎可對都吧去過天生知看想和能下中很得子裡小家",
    "cp949": "이다는을가에의고하지나아그어도서해기사를은시리로있라자대게만한인일니여안요수거야내네우말너세면녕러분",
}


@dataclass(frozen=True, slots=True)
class Text:
    """What bytes say. `guess` names the encoding for people where it was only the likeliest, else it is empty."""

    text: str
    guess: str = ""

    @property
    def problems(self) -> tuple[str, ...]:
        """A sentence where the encoding was guessed."""
        if not self.guess:
            return ()
        return (
            f"This file is not UTF-8: it was read as {self.guess}. Name another with --encoding if it looks wrong.",
        )


def decode(data: bytes, encoding: str | None = None) -> Text:
    """The text of a file, in the encoding that somebody named or else in the likeliest.

    Raises UsageError for an encoding that there is not, FormatError where the bytes are not text in it.
    """
    if encoding:
        return Text(_named(data, encoding))
    mark = next((mark for mark in _MARKS if data.startswith(mark)), None)
    if mark is not None:
        return Text(_strict(data, _MARKS[mark]))
    wide = _wide(data)
    if wide:
        return Text(_strict(data, wide), _NAMES[wide])
    try:
        return Text(data.decode("utf-8"))
    except UnicodeDecodeError:
        found = _likeliest(data)
        return Text(data.decode(found, "replace" if found == "latin_1" else "strict"), _NAMES[found])


def _named(data: bytes, encoding: str) -> str:
    try:
        if not codecs.lookup(encoding)._is_text_encoding:
            raise LookupError
    except (LookupError, ValueError):
        raise UsageError(f"“{encoding:.40}” is not an encoding; name one as windows-1251, gb18030 or utf-8.") from None
    return _strict(data, "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding)


def _strict(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except (UnicodeError, ValueError):
        raise FormatError(f"This file is not text in {encoding}; name its encoding with --encoding.") from None


def _wide(data: bytes) -> str:
    """UTF-16 without its mark: half of the bytes of its digits and line ends are zero."""
    head = data[:4000]
    for name, zeros in (("utf_16_le", head[1::2]), ("utf_16_be", head[::2])):
        if len(head) > 8 and zeros.count(0) > len(zeros) / 3 and head.count(0) == zeros.count(0):
            return name
    return ""


def _likeliest(data: bytes) -> str:
    """One of the encodings that subtitles had before UTF-8."""
    words = b"\n".join(line for line in data.splitlines() if re.search(rb"[\x80-\xff]", line))[:20_000]
    able = {name: text for name in _CANDIDATES if (text := _decoded(words, data, name)) is not None}
    if not able:
        return "latin_1"
    scores = {name: _score(name, text) for name, text in able.items()}
    best = max(scores, key=lambda name: scores[name])
    if sum(byte >= 0x80 for byte in words) >= _LONG and (told := from_bytes(words, cp_isolation=list(able)).best()):
        name = next((name for name in able if codecs.lookup(name) == codecs.lookup(told.encoding)), best)
        best = name if scores[name] >= 0.8 * scores[best] else best
    return best


def _decoded(words: bytes, data: bytes, name: str) -> str | None:
    try:
        data.decode(name)
        return words.decode(name, "ignore")  # its end may be cut within a character
    except UnicodeDecodeError:
        return None


def _score(name: str, text: str) -> float:
    """How well the characters beyond ASCII, and their neighbours, fit what texts in this encoding are made of."""
    high = [char for char in text if ord(char) >= 0x80]
    if not high:
        return -1.0
    odd = 0.5 * sum(one.islower() and two.isupper() for one, two in pairwise(text))  # Cyrillic misread is all of that
    if name in _ACCENTS:  # accents stand between plain letters
        odd += 1.5 * len(re.findall(r"(?<=[^\W\x00-\x7f])[^\W\x00-\x7f](?=[^\W\x00-\x7f])", text))
    else:  # letters of other scripts do not
        mixed = len(re.findall(r"[a-zA-Z][^\W\x00-\x7f]|[^\W\x00-\x7f][a-zA-Z]", text))
        odd += (2.0 if name in _ALPHABETS else 0.5) * mixed
    if sum(char.isupper() for char in high) > 0.6 * len(high):
        odd += 0.5 * len(high)
    words, usual = re.findall(r"\w+", text.lower()), _WORDS.get(name, "").split()
    known = sum(word in usual for word in words) / len(words) if words else 0.0
    return (sum(_fit(name, char) for char in high) - odd) / len(high) + known


def _fit(name: str, char: str) -> float:
    if name in _ACCENTS:
        return 1.3 if name == "cp1254" and char in "ışğİ" else 1.0 if char in _ACCENTS[name] else -1.0
    if name in _ALPHABETS:
        place = _ALPHABETS[name].find(char.lower())
        return 1.2 - 1.8 * place / len(_ALPHABETS[name]) if place >= 0 else 0.3 if char in "“”‘’«»–—… " else -1.0
    code = ord(char)
    if 0x3000 <= code <= 0x303F or 0xFF01 <= code <= 0xFF5E:
        return 0.4 if name != "cp949" else 0.0
    if name in ("cp932", "euc_jp"):
        if 0x3041 <= code <= 0x30FF:
            return 1.2
        lead = char.encode("euc_jp", "ignore")[:1]
        return 0.5 if b"\xb0" <= lead <= b"\xcf" else -0.5
    if char in _COMMON[name]:
        return 1.2
    if name == "cp949":
        return 0.6 if 0xAC00 <= code <= 0xD7A3 and len(char.encode("euc_kr", "ignore")) == 2 else -0.5
    lead = char.encode("gb2312" if name == "gb18030" else "big5", "ignore")[:1]
    common = b"\xb0" <= lead <= b"\xd7" if name == "gb18030" else b"\xa4" <= lead <= b"\xc6"
    return 0.6 if common and 0x4E00 <= code <= 0x9FFF else -0.4
