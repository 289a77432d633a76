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

placed as (
    select
        unit_values.*,
        reporting.territory_kato,
        reporting.depth,
        reporting.population,
        reporting.verdict,
        reporting.received_at
    from unit_values
    inner join indicators on unit_values.indicator_code = indicators.indicator_code
    inner join reporting
        on
            indicators.form_code = reporting.form_code
            and unit_values.period_month = reporting.period_month
            and unit_values.unit_kato = reporting.unit_kato
),

changed_units as (
    select distinct
        placed.unit_kato,
        placed.period_month,
        placed.basis
    from placed
    inner join changes
        on
            placed.unit_kato = changes.territory_kato
            and {{ month_end('placed.period_month') }} >= changes.changed_on
            and case
                when placed.basis = 'ytd'
                    then cast({{ dbt.date_trunc('year', add_months('placed.period_month', -12)) }} as date)
                else {{ add_months('placed.period_month', -12) }}
            end < changes.changed_on
),

final as (
    select
        placed.*,
        prior.numerator as prior_numerator,
        prior.denominator as prior_denominator,
        prior.unit_kato is not null as is_reported_prior,
        placed.numerator is not null
        and prior.numerator is not null
        and changed_units.unit_kato is null as is_comparable
    from placed
    left join placed as prior
        on
            placed.indicator_code = prior.indicator_code
            and placed.territory_kato = prior.territory_kato
            and placed.unit_kato = prior.unit_kato
            and placed.basis = prior.basis
            and {{ add_months('placed.period_month', -12) }} = prior.period_month
    left join changed_units
        on
            placed.unit_kato = changed_units.unit_kato
            and placed.period_month = changed_units.period_month
            and placed.basis = changed_units.basis
)

select * from final
