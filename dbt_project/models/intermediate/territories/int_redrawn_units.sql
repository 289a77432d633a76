-- The units of a redrawn month whose own borders moved in it, with those that ended in it: what
-- they counted before has to be found again in what they count now.
with months as (
    select * from {{ ref('int_redrawn_months') }}
),

reporting as (
    select * from {{ ref('int_reporting_units') }}
),

borders as (
    select * from {{ ref('int_territory_borders') }}
),

territories as (
    select * from {{ ref('stg_contracts__territories') }}
),

final as (
    select distinct
        months.form_code,
        months.territory_kato,
        months.period_month,
        months.previous_month,
        reporting.unit_kato
    from months
    inner join reporting
        on
            months.form_code = reporting.form_code
            and months.territory_kato = reporting.territory_kato
            and (
                months.period_month = reporting.period_month
                or months.previous_month = reporting.period_month
            )
    left join borders
        on
            reporting.unit_kato = borders.territory_kato
            and months.period_month = borders.period_month
            and borders.is_border_month
    left join territories
        on
            reporting.unit_kato = territories.territory_kato
            and territories.valid_to < {{ month_end('months.period_month') }}
    where
        borders.territory_kato is not null
        or territories.territory_kato is not null
)

select * from final
