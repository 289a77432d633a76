"""Eighteen questions to aggregate data, in the shapes that DHIS2 measures its analytics with.

DHIS2 publishes the requests of its performance tests (performance-tests-gatling: the scenarios of
analytics and of outlier detection). Each question here is one of their shapes, put to our marts in
our own words and in SQL that DuckDB and PostgreSQL both take as it stands. Weeks, which our data do
not have, became quarters; one of two requests of the same shape gave way to outliers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from bench.peers.data import CRIME_MEASURES


@dataclass(frozen=True)
class Question:
    """What is asked, in a sentence, and how."""

    name: str
    sentence: str
    sql: str


@dataclass(frozen=True)
class Choice:
    """What a reader picked: seven indicators, a region, the last month, offences."""

    indicators: tuple[str, ...]
    region: str
    month: date
    offences: tuple[str, ...]

    def values(self) -> dict[str, str]:
        """What goes into the questions, as literals."""
        year = self.month.year
        decembers = [date(y, 12, 1) for y in range(year - 5, year)]
        return {
            "one": _text(self.indicators[0]),
            "two": _texts(self.indicators[:2]),
            "three": _texts(self.indicators[:3]),
            "four": _texts(self.indicators[:4]),
            "five": _texts(self.indicators[:5]),
            "seven": _texts(self.indicators),
            "region": _text(self.region),
            "offences": _texts(self.offences),
            "month": _day(self.month),
            "year_before": _day(self.month.replace(year=year - 1)),
            "half_year_before": _day(_months_before(self.month, 6)),
            "year_start": _day(self.month.replace(month=1)),
            "five_years_before": _day(self.month.replace(year=year - 5)),
            "year_ends": ", ".join(map(_day, decembers)),
            "republic": _text("000000000"),
            "measures": ", ".join(f"sum({name})" for name in CRIME_MEASURES),
        }

    def ask(self, question: Question) -> str:
        """The SQL of a question for this reader."""
        return question.sql.format(**self.values())


def _months_before(month: date, count: int) -> date:
    number = month.year * 12 + month.month - 1 - count
    return date(number // 12, number % 12 + 1, 1)


def _day(day: date) -> str:
    return f"date '{day}'"


def _text(text: str) -> str:
    return f"'{text}'"


def _texts(texts: tuple[str, ...]) -> str:
    return ", ".join(map(_text, texts))


_LAST_YEAR = "v.basis = 'month' and v.period_month > {year_before} and v.period_month <= {month}"
_YEARS = "v.basis = 'ytd' and v.period_month in ({year_ends})"
_COUNTRY = "v.territory_kato = {republic}"
_VALUES = "from marts.fct_indicator_values as v"


def questions() -> Iterator[Question]:
    """The eighteen."""
    yield Question(
        "months and years of many",
        "Seven indicators for each of the last twelve months and of the last five years, summed "
        "over all regions.",
        f"""
        select v.indicator_code, v.basis, v.period_month, sum(v.value) {_VALUES}
        join marts.dim_territory as t on t.territory_kato = v.territory_kato
        where v.indicator_code in ({{seven}}) and t.depth = 1
            and (({_LAST_YEAR}) or ({_YEARS}))
        group by v.indicator_code, v.basis, v.period_month
        """,
    )
    yield Question(
        "figures beside reporting rates",
        "Four indicators and how many units reported, for the months of this year and for the last "
        "five years, by region.",
        f"""
        select v.indicator_code, v.territory_kato, v.period_month, v.value, c.accepted_units,
            c.expected_units {_VALUES}
        join marts.rpt_coverage as c on c.form_code = v.form_code
            and c.territory_kato = v.territory_kato and c.period_month = v.period_month
        join marts.dim_territory as t on t.territory_kato = v.territory_kato
        where v.indicator_code in ({{four}}) and t.depth = 1 and v.basis = 'ytd'
            and (v.period_month between {{year_start}} and {{month}}
                or v.period_month in ({{year_ends}}))
        """,
    )
    yield Question(
        "single values",
        "Seven rates of the country for the last month: the tiles of a dashboard.",
        f"""
        select v.indicator_code, v.per_100k, v.status {_VALUES}
        where v.indicator_code in ({{seven}}) and {_COUNTRY} and v.basis = 'ytd'
            and v.period_month = {{month}}
        """,
    )
    yield Question(
        "ratios formed after summing",
        "Four indicators per 100 000 people for each region and the last month, formed from the "
        "sums of districts.",
        f"""
        select v.indicator_code, t.oblast_kato,
            100000.0 * sum(v.numerator) / nullif(sum(v.population), 0) {_VALUES}
        join marts.dim_territory as t on t.territory_kato = v.territory_kato
        where v.indicator_code in ({{four}}) and t.depth = 2 and v.basis = 'ytd'
            and v.period_month = {{month}}
        group by v.indicator_code, t.oblast_kato
        """,
    )
    yield Question(
        "two by month",
        "Two indicators of the country for the last twelve months: two lines of a chart.",
        f"""
        select v.indicator_code, v.period_month, v.value {_VALUES}
        where v.indicator_code in ({{two}}) and {_COUNTRY} and {_LAST_YEAR}
        """,
    )
    yield Question(
        "reporting rates by month",
        "Expected, received, accepted and punctual reports of the country for the last twelve "
        "months.",
        """
        select c.form_code, c.period_month, c.expected_units, c.received_units, c.accepted_units,
            c.on_time_units
        from marts.rpt_coverage as c
        where c.territory_kato = {republic} and c.period_month > {year_before}
            and c.period_month <= {month}
        """,
    )
    yield Question(
        "outliers",
        "Months of one indicator further than three standard deviations from the mean of their "
        "territory, the farthest hundred.",
        """
        with spread as (
            select territory_kato, avg(value) as middle, stddev_samp(value) as deviation
            from marts.fct_indicator_values
            where indicator_code = {one} and basis = 'month'
            group by territory_kato
        )
        select v.territory_kato, v.period_month, v.value
        from marts.fct_indicator_values as v
        join spread as s on s.territory_kato = v.territory_kato
        where v.indicator_code = {one} and v.basis = 'month'
            and abs(v.value - s.middle) > 1.5 * s.deviation
        order by abs(v.value - s.middle) / s.deviation desc, v.territory_kato, v.period_month
        limit 100
        """,
    )
    yield Question(
        "this year so far",
        "Four indicators of the country since 1 January.",
        f"""
        select v.indicator_code, v.value, v.value_prior_year {_VALUES}
        where v.indicator_code in ({{four}}) and {_COUNTRY} and v.basis = 'ytd'
            and v.period_month = {{month}}
        """,
    )
    yield Question(
        "one total",
        "One indicator of the country, the last twelve months together.",
        f"select sum(v.value) {_VALUES} where v.indicator_code = {{one}} and {_COUNTRY} "
        f"and {_LAST_YEAR}",
    )
    yield Question(
        "names only",
        "Names and units of five indicators and of the regions, without a figure.",
        """
        select i.indicator_code, i.name_ru, i.unit, t.territory_kato, t.name_ru as territory_ru
        from marts.dim_indicator as i
        cross join marts.dim_territory as t
        where i.indicator_code in ({five}) and t.depth = 1
        """,
    )
    yield Question(
        "totals of years",
        "Two indicators of the country, the last five whole years together.",
        f"""
        select v.indicator_code, sum(v.value) {_VALUES}
        where v.indicator_code in ({{two}}) and {_COUNTRY} and {_YEARS}
        group by v.indicator_code
        """,
    )
    yield Question(
        "totals of half a year",
        "Three indicators of one region, the last six months together.",
        f"""
        select v.indicator_code, sum(v.value) {_VALUES}
        where v.indicator_code in ({{three}}) and v.territory_kato = {{region}}
            and v.basis = 'month' and v.period_month > {{half_year_before}}
            and v.period_month <= {{month}}
        group by v.indicator_code
        """,
    )
    yield Question(
        "a month and the years",
        "Three indicators of the country: the last month, and each of the last five years.",
        f"""
        select v.indicator_code, v.basis, v.period_month, v.value {_VALUES}
        where v.indicator_code in ({{three}}) and {_COUNTRY}
            and ((v.basis = 'month' and v.period_month = {{month}}) or ({_YEARS}))
        """,
    )
    yield Question(
        "one level by month",
        "One indicator for every region and each of the last twelve months.",
        f"""
        select v.territory_kato, v.period_month, v.value, v.status {_VALUES}
        join marts.dim_territory as t on t.territory_kato = v.territory_kato
        where v.indicator_code = {{one}} and t.depth = 1 and {_LAST_YEAR}
        """,
    )
    yield Question(
        "three levels by year",
        "One indicator for the country, every region and every district, for each of five years.",
        f"""
        select v.territory_kato, t.depth, v.period_month, v.value {_VALUES}
        join marts.dim_territory as t on t.territory_kato = v.territory_kato
        where v.indicator_code = {{one}} and t.depth <= 2 and {_YEARS}
        """,
    )
    yield Question(
        "every district by month",
        "One indicator for every district of the country and each of the last twelve months.",
        f"""
        select v.territory_kato, v.period_month, v.value {_VALUES}
        join marts.dim_territory as t on t.territory_kato = v.territory_kato
        where v.indicator_code = {{one}} and t.depth = 2 and {_LAST_YEAR}
        """,
    )
    yield Question(
        "disaggregation by quarter",
        "Crimes of five articles against women, against minors, in public places, in streets and "
        "at home, by quarter of the last year.",
        """
        select c.offence_code, p.year_number, p.quarter_number, {measures}
        from marts.fct_crimes as c
        join marts.dim_period as p on p.period_month = c.period_month
        where c.offence_code in ({offences}) and c.territory_kato = {republic}
            and c.basis = 'month' and c.period_month > {year_before}
            and c.period_month <= {month}
        group by c.offence_code, p.year_number, p.quarter_number
        """,
    )
    yield Question(
        "years over all levels",
        "Three indicators for each of five years, counted over the country, its regions and "
        "districts.",
        f"""
        select v.indicator_code, t.depth, v.period_month, sum(v.value), count(v.value) {_VALUES}
        join marts.dim_territory as t on t.territory_kato = v.territory_kato
        where v.indicator_code in ({{three}}) and {_YEARS}
        group by v.indicator_code, t.depth, v.period_month
        """,
    )
