"""Recognising a territory by a name written by people: file names, document titles, cells."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

# Tables of a department name the same districts month after month.
_KEPT_ANSWERS = 16_384
_LONGEST_KEPT = 120
# Kazakh letters written with an 8-bit font show up as Macedonian and Ukrainian ones.
_LEGACY = str.maketrans("їќґєўѕј", "үқөғұңә")
# People type Kazakh names with Russian letters, and Russian names with Kazakh ones.
_FOLD = str.maketrans("әғқңөұүһіё", "агкноуухие")
# A Latin letter that looks Cyrillic inside a Cyrillic word is a slip of the keyboard.
_LOOKALIKE = str.maketrans("aceiopxyhkmtb", "асеиорхункмтв")
_CYRILLIC = re.compile(r"[а-я]")
# Characters that a code page without Kazakh letters turned into question marks.
_LOST = "?"
_DOTTED = (
    (re.compile(r"\b[гк]\s?\.\s?а\s?\.?(?!\w)"), " город "),
    (re.compile(r"\bр\s?-\s?н\b\.?"), " район "),
)
# «2025г», «2025год» name a year.
_YEAR_SUFFIX = re.compile(r"(?<=\d)г(?:од\w*)?$")
_WORD = re.compile(r"[^\W_?]+(?:\?[^\W_?]*)*|\?[^\W_?]+(?:\?[^\W_?]*)*")

_KINDS = {
    "oblast": ("область", "обл", "облысы", "облыс", "region", "oblast", "province"),
    "city": ("г", "гор", "город", "города", "каласы", "кала", "к", "city"),
    "district": ("район", "ауданы", "аудан", "district"),
}
_KIND_OF_WORD = {word: kind for kind, words in _KINDS.items() for word in words}
_LEVELS_OF_KIND = {
    "oblast": {"oblast"},
    "city": {"republican_city", "oblast_city", "special"},
    "district": {"district", "city_district"},
}


@dataclass(frozen=True, slots=True)
class NameMatch:
    """What a text names: `kato` when certain, else None with the `candidates` it could mean."""

    kato: str | None
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NamedUnit:
    """A spelling of a unit, with what is needed to choose between namesakes."""

    kato: str
    level: str
    spelling: str


def normalise_name(text: str) -> str:
    """`text` as lower-case words: one alphabet per word, no Kazakh letters, no punctuation."""
    return _normalised_again(text) if len(text) <= _LONGEST_KEPT else _normalised(text)


def _normalised(text: str) -> str:
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    # Letters are folded first: what reads words must see them as they will be read again.
    text = _WORD.sub(_one_alphabet, text.translate(_LEGACY).translate(_FOLD))
    for pattern, replacement in _DOTTED:
        text = pattern.sub(replacement, text)
    return " ".join(_words(text))


_normalised_again = lru_cache(_KEPT_ANSWERS)(_normalised)


def _one_alphabet(found: re.Match[str]) -> str:
    word = found[0]
    return word.translate(_LOOKALIKE) if _CYRILLIC.search(word) else word


def _words(text: str) -> list[str]:
    """The words of a text, without those that only say that a number is a year."""
    words: list[str] = []
    end = 0
    for found in _WORD.finditer(text):
        word = _YEAR_SUFFIX.sub("", found[0])
        follows_number = bool(words) and words[-1][-1].isdecimal()
        is_beside = text[end : found.start()].isspace()
        end = found.end()
        if follows_number and (word.startswith("год") or (word == "г" and is_beside)):
            continue
        # «2022_г.Алматы»: not a year, and it must not look like one when it is read again.
        words.append("город" if follows_number and word == "г" else word)
    return words


class NameIndex:
    """Finds the units that a text names; built once from all spellings."""

    def __init__(self, spellings: Iterable[NamedUnit]) -> None:
        self._units: dict[str, dict[str, str]] = defaultdict(dict)
        self._longest = 1
        for unit in spellings:
            words = [w for w in normalise_name(unit.spelling).split() if w not in _KIND_OF_WORD]
            if words:
                self._units[" ".join(words)][unit.kato] = unit.level
                self._longest = max(self._longest, len(words))
        self._known = lru_cache(_KEPT_ANSWERS)(self._find)

    def find(self, text: str, allowed: frozenset[str]) -> Mapping[str, str]:
        """Units among `allowed` that the longest names in `text` can mean, each with its name."""
        known = len(text) <= _LONGEST_KEPT
        return self._known(text, allowed) if known else self._find(text, allowed)

    def _find(self, text: str, allowed: frozenset[str]) -> Mapping[str, str]:
        words = normalise_name(text).split()
        for length in range(min(self._longest, len(words)), 0, -1):
            found: dict[str, str] = {}
            for start in range(len(words) - length + 1):
                named = self._named(words, start, start + length, allowed)
                name = " ".join(words[start : start + length])
                found |= dict.fromkeys(_prefer_city(named), name)
            if found:
                return found
        return {}

    def _named(
        self, words: list[str], start: int, end: int, allowed: frozenset[str]
    ) -> dict[str, str]:
        if any(word in _KIND_OF_WORD for word in words[start:end]):
            return {}
        beside = words[max(start - 1, 0) : start] + words[end : end + 1]
        kinds = {_KIND_OF_WORD[word] for word in beside if word in _KIND_OF_WORD}
        levels = set().union(*(_LEVELS_OF_KIND[kind] for kind in kinds))
        return {
            kato: level
            for kato, level in self._lookup(" ".join(words[start:end])).items()
            if kato in allowed and (not kinds or level in levels)
        }

    def _lookup(self, name: str) -> dict[str, str]:
        if _LOST not in name:
            return self._units.get(name, {})
        pattern = re.compile(re.escape(name).replace(re.escape(_LOST), r"\w"))
        return {
            kato: level
            for known, units in self._units.items()
            if pattern.fullmatch(known)
            for kato, level in units.items()
        }


def _prefer_city(named: dict[str, str]) -> tuple[str, ...]:
    """Of a republican city and its namesake oblast, the city: oblasts are never named bare."""
    if sorted(named.values()) == ["oblast", "republican_city"]:
        return tuple(kato for kato, level in named.items() if level == "republican_city")
    return tuple(named)
