with periods as (
    select * from {{ ref('stg_contracts__periods') }}
),

final as (
    select
        period_month,
        {{ year_of('period_month') }} as year_number,
        {{ month_of('period_month') }} as month_number,
        cast(floor(({{ month_of('period_month') }} + 2) / 3) as integer) as quarter_number,
        cast({{ year_of('period_month') }} * 100 + {{ month_of('period_month') }} as integer)
            as period_code,
        {{ month_end('period_month') }} as month_end_date,
        {{ first_of_year('period_month') }} as year_start_date,
        {{ add_months('period_month', -12) }} as prior_year_month,
        month_name_ru,
        month_name_kk,
        month_name_en
    from periods
)

select * from final
