-- Each unit's figure beside its figure of the same period last year, for every territory the
-- unit counts towards. Units compare when both figures are known and no border moved between.
with unit_values as (
    select * from {{ ref('int_indicator_unit_values') }}
),

indicators as (
    select * from {{ ref('stg_contracts__indicators') }}
),

reporting as (
    select * from {{ ref('int_reporting_units') }}
),

changes as (
    select * from {{ ref('int_territory_changes') }}
),

territory_units as (
    select
        unit_values.*,
        indicators.form_code,
        -- From here on borders must not move; a month in which they did has no figure, except
        -- January, which is told in the new ones.
        {{ month_end(
            'case when unit_values.basis = \'ytd\' and indicators.measure_type != \'stock\' then '
            ~ first_of_year(add_months('unit_values.period_month', -12))
            ~ ' else ' ~ add_months('unit_values.period_month', -12) ~ ' end'
        ) }} as comparison_start,
        reporting.territory_kato,
        reporting.depth,
        reporting.population,
        reporting.verdict,
        reporting.received_at,
        reporting.whole_kato,
        reporting.whole_returns,
        reporting.expected_units,
        max(case when unit_values.basis = 'ytd' then unit_values.numerator end) over (
            partition by
                unit_values.indicator_code,
                unit_values.period_month,
                unit_values.unit_kato,
                reporting.territory_kato
        ) as ytd_numerator,
        -- A unit is known by the returns of its parts when each of them is.
        count(unit_values.numerator) over (
            partition by
                unit_values.indicator_code,
                unit_values.basis,
                unit_values.period_month,
                reporting.territory_kato,
                reporting.whole_kato
        ) = reporting.whole_returns as is_whole_known
    from unit_values
    inner join indicators on unit_values.indicator_code = indicators.indicator_code
    inner join reporting
        on
            indicators.form_code = reporting.form_code
            and unit_values.period_month = reporting.period_month
            and unit_values.unit_kato = reporting.unit_kato
),

borders as (
    select * from {{ ref('int_territory_borders') }}
),

redrawn_units as (
    select distinct
        territory_units.unit_kato,
        territory_units.period_month,
        territory_units.comparison_start
    from territory_units
    inner join changes
        on
            territory_units.unit_kato = changes.territory_kato
            and {{ month_end('territory_units.period_month') }} >= changes.changed_on
            and territory_units.comparison_start < changes.changed_on
),

compared_units as (
    select
        territory_units.*,
        last_year.numerator as prior_numerator,
        last_year.denominator as prior_denominator,
        territory_units.basis = 'month'
        and territory_units.numerator is null
        and territory_units.ytd_numerator is not null
        and coalesce(this_year_borders.is_border_month, false) as is_lost_to_borders,
        last_year.unit_kato is not null as is_reported_prior,
        last_year.unit_kato is not null
        and (
            redrawn_units.unit_kato is not null
            or (
                territory_units.basis = 'month'
                and last_year.numerator is null
                and coalesce(last_year_borders.is_border_month, false)
            )
        ) as is_redrawn,
        territory_units.is_whole_known
        and last_year.numerator is not null
        and redrawn_units.unit_kato is null as is_comparable
    from territory_units
    left join territory_units as last_year
        on
            territory_units.indicator_code = last_year.indicator_code
            and territory_units.territory_kato = last_year.territory_kato
            and territory_units.unit_kato = last_year.unit_kato
            and territory_units.basis = last_year.basis
            and {{ add_months('territory_units.period_month', -12) }} = last_year.period_month
    left join redrawn_units
        on
            territory_units.unit_kato = redrawn_units.unit_kato
            and territory_units.period_month = redrawn_units.period_month
            and territory_units.comparison_start = redrawn_units.comparison_start
    left join borders as this_year_borders
        on
            territory_units.unit_kato = this_year_borders.territory_kato
            and territory_units.period_month = this_year_borders.period_month
    left join borders as last_year_borders
        on
            territory_units.unit_kato = last_year_borders.territory_kato
            and {{ add_months('territory_units.period_month', -12) }}
            = last_year_borders.period_month
),

final as (
    select
        *,
        count(case when numerator is not null or is_lost_to_borders then 1 end) over (
            partition by indicator_code, basis, period_month, territory_kato, whole_kato
        ) = whole_returns as is_counted
    from compared_units
)

select * from final
