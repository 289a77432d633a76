-- In years in which the borders or the code of a territory changed: the month from which on those
-- of each month hold. Figures that count from 1 January are differenced only between months of the
-- same borders; January is never differenced. The year to date of a territory whose borders moved
-- after January is of two borders, or of fewer months than that of others: it ranks nowhere.
with changes as (
    select * from {{ ref('int_territory_changes') }}
),

territories as (
    select * from {{ ref('stg_contracts__territories') }}
),

periods as (
    select * from {{ ref('stg_contracts__periods') }}
),

border_days as (
    select
        territory_kato,
        changed_on,
        {{ month_of('changed_on') }} > 1 as is_redrawn
    from changes
    union distinct
    select
        territory_kato,
        valid_from as changed_on,
        false as is_redrawn
    from territories
),

border_months as (
    select
        border_days.territory_kato,
        periods.period_month,
        max({{ first_of_month('border_days.changed_on') }}) as borders_from,
        max(case when border_days.is_redrawn then 1 else 0 end) = 1 as is_mixed_year
    from border_days
    inner join periods
        on
            {{ first_of_year('border_days.changed_on') }}
            = {{ first_of_year('periods.period_month') }}
            and border_days.changed_on <= {{ month_end('periods.period_month') }}
    group by border_days.territory_kato, periods.period_month
),

final as (
    select
        territory_kato,
        period_month,
        borders_from,
        is_mixed_year,
        borders_from = period_month and {{ month_of('period_month') }} > 1 as is_border_month
    from border_months
)

select * from final
