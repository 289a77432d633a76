import re
import zipfile
from collections import Counter
from datetime import date
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.shared_data import official_forms
from warehouse.contracts.names import normalise_name
from warehouse.contracts.territories import (
    REGION_LEVELS,
    REPUBLIC,
    Territories,
    Territory,
    load_population,
    load_territories,
)
from warehouse.core.errors import UserError
from warehouse.core.records import ContractError
from warehouse.core.texts import LANGUAGES, Language

TERRITORIES = load_territories()
POPULATION = load_population(TERRITORIES)
BEFORE_THE_SPLIT = date(2022, 6, 7)
AFTER_THE_SPLIT = date(2022, 6, 8)
ABAI, JETISU, ULYTAU = "100000000", "330000000", "620000000"
EAST_KAZAKHSTAN, ALMATY_OBLAST, KARAGANDA = "630000000", "190000000", "350000000"
ALMATY_CITY = "750000000"

# What the legal statistics portal calls its files, and whose they are.
OFFICIAL_FILES = {
    "1-M/Aktobe Region.XLSX": "150000000",
    "1-M/Almaty Region.XLSX": ALMATY_OBLAST,
    "1-M/Almaty.XLSX": ALMATY_CITY,
    "1-M/Atyrau Region.XLSX": "230000000",
    "1-M/East-Kazakhstan Region.XLSX": EAST_KAZAKHSTAN,
    "1-M/Karagandy Region.XLSX": KARAGANDA,
    "1-M/Kostanay Region.XLSX": "390000000",
    "1-M/Kyzylorda Region.XLSX": "430000000",
    "1-M/North-Kazakhstan Region.XLSX": "590000000",
    "1-M/Pavlodar Region.XLSX": "550000000",
    "1-M/Turkistan Region.XLSX": "610000000",
    "1-M/Ulytau Region.XLSX": ULYTAU,
    "1-M/West-Kazakhstan Region.XLSX": "270000000",
    "1-M/Zhambyl Region.XLSX": "310000000",
    "SNG-1/Aktobe region.XLSX": "150000000",
    "SNG-1/Almaty city.XLSX": ALMATY_CITY,
    "SNG-1/Almaty region.XLSX": ALMATY_OBLAST,
    "SNG-1/Atyrau region.XLSX": "230000000",
    "SNG-1/East Kazakhstan region.XLSX": EAST_KAZAKHSTAN,
    "SNG-1/Jambyl region.XLSX": "310000000",
    "SNG-1/Karaganda region.XLSX": KARAGANDA,
    "SNG-1/Kostanay region.XLSX": "390000000",
    "SNG-1/Kyzylorda region.XLSX": "430000000",
    "SNG-1/North Kazakhstan region.XLSX": "590000000",
    "SNG-1/Pavlodar region.XLSX": "550000000",
    "SNG-1/Turkistan region.XLSX": "610000000",
    "SNG-1/Ulytau region.XLSX": ULYTAU,
    "SNG-1/West Kazakhstan region.XLSX": "270000000",
}


def test_the_country_counts_as_many_units_as_the_bureau_of_statistics_says() -> None:
    today = date(2026, 1, 1)
    count = Counter(unit.level for unit in TERRITORIES.valid_on(today))
    assert count["republic"] == 1
    assert (count["oblast"], count["republican_city"]) == (17, 3)
    assert count["district"] + count["city_district"] == 195
    cities = TERRITORIES.valid_on(today, "oblast_city")
    baikonur = TERRITORIES.valid_on(today, "special")
    assert len(cities) + len(baikonur) == 39
    assert [unit.name_ru for unit in baikonur] == ["г. Байконыр"]


def test_three_oblasts_were_carved_out_on_8_june_2022() -> None:
    before = {unit.kato for unit in TERRITORIES.regions_on(BEFORE_THE_SPLIT)}
    after = {unit.kato for unit in TERRITORIES.regions_on(AFTER_THE_SPLIT)}
    assert (len(before), len(after)) == (17, 20)
    assert after - before == {ABAI, JETISU, ULYTAU}
    mothers = {kato: TERRITORIES[kato].split_from_kato for kato in after - before}
    assert mothers == {ABAI: EAST_KAZAKHSTAN, JETISU: ALMATY_OBLAST, ULYTAU: KARAGANDA}


def test_a_unit_that_moved_keeps_its_predecessor_and_is_never_in_force_twice() -> None:
    semey = TERRITORIES["101000000"]
    former = TERRITORIES[semey.predecessor_kato or ""]
    assert (former.name_ru, former.parent_kato) == ("г. Семей", EAST_KAZAKHSTAN)
    assert former.is_valid_on(BEFORE_THE_SPLIT)
    assert not former.is_valid_on(AFTER_THE_SPLIT)
    assert semey.is_valid_on(AFTER_THE_SPLIT)
    assert not semey.is_valid_on(BEFORE_THE_SPLIT)
    names = {unit.name_ru for unit in TERRITORIES.children(ABAI, AFTER_THE_SPLIT)}
    assert {"г. Семей", "г. Курчатов", "Абайский район"} <= names
    assert TERRITORIES.children(ABAI, BEFORE_THE_SPLIT) == ()


def test_every_unit_hangs_below_the_republic() -> None:
    tops = {(TERRITORIES.ancestors(kato) or (kato,))[-1] for kato in TERRITORIES}
    assert tops == {REPUBLIC}


@pytest.mark.parametrize(("name", "kato"), OFFICIAL_FILES.items())
def test_an_official_file_name_names_its_region(name: str, kato: str) -> None:
    assert TERRITORIES.match_name(Path(name).name, REGION_LEVELS).kato == kato


def test_every_official_file_says_in_its_properties_whose_it_is() -> None:
    folder = official_forms()
    files = sorted(folder.glob("*/*.XLSX"))
    assert {file.relative_to(folder).as_posix() for file in files} == set(OFFICIAL_FILES)
    for file in files:
        title, description = _properties(file)
        kato = OFFICIAL_FILES[file.relative_to(folder).as_posix()]
        assert TERRITORIES.match_name(title, REGION_LEVELS).kato == kato, title
        code = TERRITORIES.source_code(description)
        assert code is not None
        assert (code.kato, code.status) == (kato, "verified")


@pytest.mark.parametrize("region", TERRITORIES.regions_on(date(2023, 1, 1)), ids=lambda r: r.kato)
def test_a_region_is_known_by_its_names_with_and_without_the_word_for_region(
    region: Territory,
) -> None:
    for name in (region.name_ru, region.name_kk, region.name_en):
        for text in (name, name.upper(), f"1-M  {name} (Свод)", f"{name} 2022-12.xlsx"):
            assert TERRITORIES.match_name(text, REGION_LEVELS).kato == region.kato, text
        bare = re.sub(r"область|облысы|Region|г\.|қаласы", "", name)
        expected = ALMATY_CITY if bare.strip() in {"Алматы", "Almaty"} else region.kato
        assert TERRITORIES.match_name(bare, REGION_LEVELS).kato == expected, bare


@pytest.mark.parametrize(
    ("text", "kato"),
    [
        ("1-M  область Улытау (Свод)", ULYTAU),
        ("Алматы облысы", ALMATY_OBLAST),
        ("Алматы қ.", ALMATY_CITY),
        ("г.Алматы за 2022 г.", ALMATY_CITY),
        ("за 2022 г. Карагандинская обл.", KARAGANDA),
        ("Солтүстiк Қазақстан облысы", "590000000"),  # a Latin i, as met in the wild
        ("ЌЫЗЫЛОРДА ОБЛЫСЫ", "430000000"),  # Kazakh letters of an 8-bit font
        ("?ЫЗЫЛОРДА ОБЛЫСЫ", "430000000"),  # Kazakh letters lost by a code page
        ("г. Нур-Султан", "710000000"),
        ("Алматы облысы Талғар ауданы", ALMATY_OBLAST),
        ("отчёт 1М_Kyzylorda (2) испр.xlsx", "430000000"),
        ("ВКО", EAST_KAZAKHSTAN),
    ],
)
def test_a_region_is_recognised_as_people_write_it(text: str, kato: str) -> None:
    assert TERRITORIES.match_name(text, REGION_LEVELS).kato == kato


@pytest.mark.parametrize(
    "text", ["", "1-M (Свод)", "область", "Kyzylorda city", "Московская область"]
)
def test_a_text_that_names_no_region_matches_none(text: str) -> None:
    match = TERRITORIES.match_name(text, REGION_LEVELS)
    assert match.kato is None
    assert match.candidates == ()


def test_a_name_shared_by_several_units_stays_undecided() -> None:
    match = TERRITORIES.match_name("Kyzylorda")
    assert match.kato is None
    assert match.candidates == ("430000000", "431000000")
    both = TERRITORIES.match_name("Карагандинская и Павлодарская области")
    assert both.kato is None
    assert both.candidates


def test_a_text_that_names_a_district_by_way_of_its_oblast_means_the_district() -> None:
    assert TERRITORIES.match_name("Алматы облысы Талғар ауданы").kato == "196200000"


def test_a_former_name_is_matched_when_nothing_in_force_bears_it() -> None:
    assert TERRITORIES.match_name("г. Капшагай").kato == "191600000"
    assert TERRITORIES.match_name("г. Семей").kato == "101000000"
    assert TERRITORIES.match_name("г. Семей", day=BEFORE_THE_SPLIT).kato == "632800000"


def test_codes_of_the_regions_never_seen_are_only_assumed() -> None:
    assumed = {code.kato for code in TERRITORIES.source_codes if code.status == "assumed"}
    assert assumed == {ABAI, "110000000", JETISU, "470000000", "710000000", "790000000"}
    every = [code.kato for code in TERRITORIES.source_codes]
    regions = [unit.kato for unit in TERRITORIES.regions_on(AFTER_THE_SPLIT)]
    assert sorted(every) == regions
    assert TERRITORIES.source_code("no such description") is None


def test_population_is_that_of_the_boundaries_of_the_day() -> None:
    # Bureau of National Statistics, 2022-01-01: East Kazakhstan 732,966 and Abai 611,888.
    after = POPULATION.population_on(EAST_KAZAKHSTAN, date(2022, 12, 31))
    before = POPULATION.population_on(EAST_KAZAKHSTAN, date(2022, 5, 31))
    assert after is not None
    assert before is not None
    assert after.value == 732_966
    assert before.value == 732_966 + 611_888
    assert after.reference_date == before.reference_date == date(2022, 1, 1)


@pytest.mark.parametrize("day", [date(2022, 1, 1), date(2022, 12, 1), date(2023, 6, 30)])
def test_regions_add_up_to_the_republic(day: date) -> None:
    republic = POPULATION.population_on(REPUBLIC, day)
    parts = [POPULATION.population_on(unit.kato, day) for unit in TERRITORIES.regions_on(day)]
    assert republic is not None
    assert sum(part.value for part in parts if part is not None) == republic.value


def test_one_denominator_serves_a_whole_year_and_the_better_source_wins() -> None:
    in_year = {POPULATION.population_on("430000000", date(2023, m, 1)) for m in range(1, 13)}
    (figure,) = in_year
    assert figure is not None
    assert (figure.reference_date, figure.quality) == (date(2023, 1, 1), "official_table")


def test_an_unknown_population_is_none() -> None:
    assert POPULATION.population_on("104100000", date(2024, 6, 1)) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("kato,level,name_ru,name_kk,name_en,valid_from,colour\n", "colour"),
        ("kato,level,name_ru,name_kk,name_en,valid_from\n", "level"),
    ],
    ids=["an unknown column", "a wrong level"],
)
def test_a_wrong_file_is_refused_by_name_and_place(tmp_path: Path, text: str, reason: str) -> None:
    folder = tmp_path / "territories"
    folder.mkdir()
    row = "000000000,planet,a,b,c,1900-01-01"
    header = text.strip()
    (folder / "territories.csv").write_text(f"{header}\n{row}{',x' * ('colour' in header)}\n")
    with pytest.raises(ContractError, match=rf"territories\.csv: line \d.*{reason}"):
        load_territories(tmp_path)


def test_a_reference_to_an_unknown_code_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "territories"
    folder.mkdir()
    (folder / "territories.csv").write_text(
        "kato,parent_kato,level,name_ru,name_kk,name_en,valid_from\n"
        "100000000,000000000,oblast,a,b,c,1900-01-01\n"
    )
    (folder / "aliases.csv").write_text("kato,alias,lang,source\n")
    (folder / "source_codes.csv").write_text("code,kato,status\n")
    with pytest.raises(ContractError, match=r"100000000\.parent_kato: unknown code 000000000"):
        load_territories(tmp_path)


LETTERS = "абвгдеёжзийклмнопрстуфхцчшщъыьэюяәғқңөұүһіabcdefghijklmnopqrstuvwxyz"
TEXTS = st.text(alphabet=LETTERS + LETTERS.upper() + " -.()?«»0123456789_", max_size=40)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0Ғ", "0"),
        ("2025 г. Қызылорда", "2025 кызылорда"),
        ("Кызылорда 2025гoд", "кызылорда 2025"),
        ("2022_г.Алматы", "2022 город алматы"),
        ("Семей қ.ә.", "семей город"),
        ("12 г г", "12"),
    ],
)
def test_years_are_left_out_and_cities_are_not(text: str, words: str) -> None:
    assert normalise_name(text) == words


@given(TEXTS | st.text(alphabet="гҒє0о o.-_?", max_size=9))
def test_a_normalised_name_stays_as_it_is(text: str) -> None:
    once = normalise_name(text)
    assert normalise_name(once) == once


@given(st.sampled_from([u.name_ru for u in TERRITORIES.units]), st.integers(1, 4), st.booleans())
def test_case_and_spaces_do_not_matter(name: str, spaces: int, upper: bool) -> None:
    text = f"{' ' * spaces}{name.replace(' ', ' ' * spaces)}\u00a0"
    assert normalise_name(text.upper() if upper else text) == normalise_name(name)


def test_spellings_of_one_region_give_one_territory_whatever_the_order_of_units() -> None:
    backwards = Territories(tuple(reversed(TERRITORIES.units)), TERRITORIES.aliases)
    for name in ("Almaty", "область Абай", "Kyzylorda"):
        assert backwards.match_name(name) == TERRITORIES.match_name(name)


def _properties(workbook: Path) -> tuple[str, str]:
    with zipfile.ZipFile(workbook) as archive:
        root = ET.fromstring(archive.read("docProps/core.xml"))  # noqa: S314 - a file of ours
    dc = "{http://purl.org/dc/elements/1.1/}"
    return root.findtext(f"{dc}title", ""), root.findtext(f"{dc}description", "")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_territory_has_a_label_that_no_other_has(
    language: Language,
) -> None:
    territories = TERRITORIES
    labels = [territories.label(kato, language) for kato in territories]
    assert len(set(labels)) == len(labels)
    for kato, label in zip(territories, labels, strict=True):
        assert label.startswith(territories[kato].name(language))


def test_a_name_of_several_districts_is_told_with_the_oblast() -> None:
    label = TERRITORIES.label
    assert label("314000000", "ru") == "Жамбылский район (Жамбылская область)"
    assert label("711510000", "kk") == "Нұра ауданы (Астана қаласы)"
    assert label("711510000", "ru") == TERRITORIES["711510000"].name_ru
    assert label("632800000", "ru") == "г. Семей (Восточно-Казахстанская область, по 07.06.2022)"
    assert label("101000000", "ru") == "г. Семей"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_name_given_for_a_code_is_answered_with_every_unit_of_that_name(
    language: Language,
) -> None:
    territories = TERRITORIES
    for unit in territories.units:
        name = unit.name(language)
        with pytest.raises(UserError, match="TERRITORY_NAMED") as raised:
            territories.require(name)
        today = {u.kato for u in territories.units if u.name(language) == name and not u.valid_to}
        assert all(kato in raised.value.text(language) for kato in today)
    with pytest.raises(UserError, match="TERRITORY_CODE_UNKNOWN"):
        territories.require("999999999")
    assert territories.require("314000000").name_ru == "Жамбылский район"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_name_that_several_units_of_a_day_have_never_means_one_of_them(
    language: Language,
) -> None:
    day = date(2026, 3, 1)
    units = TERRITORIES.valid_on(day)
    shared = Counter(unit.name(language) for unit in units)
    for name in (name for name, count in shared.items() if count > 1):
        match = TERRITORIES.match_name(name, day=day)
        assert match.kato is None
        assert {u.kato for u in units if u.name(language) == name} <= set(match.candidates)
