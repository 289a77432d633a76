with figures as (
    select * from {{ ref('fct_indicator_values') }}
),

indicators as (
    select * from {{ ref('dim_indicator') }}
),

territories as (
    select * from {{ ref('dim_territory') }}
),

periods as (
    select * from {{ ref('dim_period') }}
),

months as (
    select * from figures
    where basis = 'month'
),

totals as (
    select * from figures
    where basis = 'ytd'
),

final as (
    select
        totals.indicator_code,
        indicators.domain,
        indicators.name_ru as indicator_ru,
        indicators.name_kk as indicator_kk,
        indicators.unit,
        totals.form_code,
        totals.territory_kato,
        territories.label_ru as territory_ru,
        territories.label_kk as territory_kk,
        territories.oblast_name_ru as region_ru,
        territories.oblast_name_kk as region_kk,
        case when territories.depth > 1 then territories.label_ru end as district_ru,
        case when territories.depth > 1 then territories.label_kk end as district_kk,
        territories.iso_3166_2,
        territories.depth,
        totals.period_month,
        {{ period_label('periods') }} as period_label,
        {{ precedence('periods', 'territories') }} as precedence,
        case when indicators.measure_type != 'stock' then months.value end as month_value,
        case when indicators.measure_type != 'stock' then months.value_prior_year end
            as month_prior_year,
        case when indicators.measure_type != 'stock' then months.change_pct end as month_change_pct,
        case when indicators.measure_type != 'stock' then months.change_text_ru end
            as month_change_ru,
        case when indicators.measure_type != 'stock' then months.change_text_kk end
            as month_change_kk,
        case
            when indicators.measure_type = 'stock' then 'not_applicable' else months.status
        end as month_status,
        months.status_reason as month_status_reason,
        totals.value as ytd_value,
        totals.value_prior_year as ytd_prior_year,
        totals.change_abs as ytd_change_abs,
        totals.change_pct as ytd_change_pct,
        totals.change_text_ru as ytd_change_ru,
        totals.change_text_kk as ytd_change_kk,
        totals.per_100k as ytd_per_100k,
        totals.break_prior_year,
        totals.status as ytd_status,
        totals.status_reason as ytd_status_reason,
        totals.expected_units,
        totals.accepted_units,
        totals.population_coverage_share,
        coalesce(totals.has_warning, false) or coalesce(months.has_warning, false) as has_warning,
        totals.received_at_max
    from totals
    inner join indicators on totals.indicator_code = indicators.indicator_code
    inner join territories on totals.territory_kato = territories.territory_kato
    inner join periods on totals.period_month = periods.period_month
    left join months
        on
            totals.indicator_code = months.indicator_code
            and totals.territory_kato = months.territory_kato
            and totals.period_month = months.period_month
)

select * from final
order by indicator_code, period_month, territory_kato
