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

touched as (
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

complete as (
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
        complete.form_code,
        touched.territory_kato,
        touched.period_month,
        complete.reporting_units,
        before.period_month as previous_month,
        before.reporting_units as previous_reporting_units
    from touched
    inner join complete
        on
            touched.territory_kato = complete.territory_kato
            and touched.period_month = complete.period_month
    inner join complete as before
        on
            complete.form_code = before.form_code
            and touched.territory_kato = before.territory_kato
            and {{ add_months('touched.period_month', -1) }} = before.period_month
)

select * from final
