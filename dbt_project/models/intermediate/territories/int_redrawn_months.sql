-- Months in which borders moved inside a territory but not its own, where every unit reported this
-- month and the month before: its month is the difference of the two sums since 1 January, although
-- those of the redrawn units are unknown.
with borders as (
    select * from {{ ref('int_territory_borders') }}
),

ancestors as (
    select * from {{ ref('int_territory_ancestors') }}
),

coverage as (
    select * from {{ ref('int_coverage') }}
),

redrawn_territories as (
    select distinct
        ancestors.ancestor_kato as territory_kato,
        borders.period_month
    from borders
    inner join ancestors on borders.territory_kato = ancestors.territory_kato
    left join borders as own
        on
            ancestors.ancestor_kato = own.territory_kato
            and borders.period_month = own.period_month
            and own.is_border_month
    where borders.is_border_month and own.territory_kato is null
),

complete_months as (
    select
        form_code,
        territory_kato,
        period_month,
        reporting_units
    from coverage
    where
        expected_units > 0
        and accepted_units >= expected_units
        and own_submission_id is null
),

final as (
    select
        complete_months.form_code,
        redrawn_territories.territory_kato,
        redrawn_territories.period_month,
        complete_months.reporting_units,
        before.period_month as previous_month,
        before.reporting_units as previous_reporting_units
    from redrawn_territories
    inner join complete_months
        on
            redrawn_territories.territory_kato = complete_months.territory_kato
            and redrawn_territories.period_month = complete_months.period_month
    inner join complete_months as before
        on
            complete_months.form_code = before.form_code
            and redrawn_territories.territory_kato = before.territory_kato
            and {{ add_months('redrawn_territories.period_month', -1) }} = before.period_month
)

select * from final
