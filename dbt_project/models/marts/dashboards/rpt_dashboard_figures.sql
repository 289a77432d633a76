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

-- Months of an indicator in which some district has a figure. Told month by month: years are
-- computed apart from each other.
district_months as (
    select distinct
        totals.indicator_code,
        totals.period_month
    from totals
    inner join territories on totals.territory_kato = territories.territory_kato
    where territories.depth > 1
),

-- Districts have figures only in a report of their region: without one their newest months would
-- be older than those of the region.
silent_districts as (
    select
        regions.indicator_code,
        regions.form_code,
        territories.territory_kato,
        regions.period_month,
        regions.status,
        regions.status_reason
    from totals as regions
    inner join territories on regions.territory_kato = territories.parent_kato
    inner join district_months
        on
            regions.indicator_code = district_months.indicator_code
            and regions.period_month = district_months.period_month
    left join totals
        on
            regions.indicator_code = totals.indicator_code
            and territories.territory_kato = totals.territory_kato
            and regions.period_month = totals.period_month
    where
        territories.depth > 1
        and regions.status = 'missing'
        and totals.indicator_code is null
        and (territories.valid_from is null or territories.valid_from <= regions.period_month)
        and (territories.valid_to is null or territories.valid_to >= regions.period_month)
),

shown as (
    select
        indicator_code,
        form_code,
        territory_kato,
        period_month,
        status,
        status_reason
    from totals
    union all
    select * from silent_districts
),

final as (
    select
        shown.indicator_code,
        indicators.domain,
        indicators.name_ru as indicator_ru,
        indicators.name_kk as indicator_kk,
        indicators.unit,
        shown.form_code,
        shown.territory_kato,
        territories.label_ru as territory_ru,
        territories.label_kk as territory_kk,
        territories.oblast_name_ru as region_ru,
        territories.oblast_name_kk as region_kk,
        case when territories.depth > 1 then territories.label_ru end as district_ru,
        case when territories.depth > 1 then territories.label_kk end as district_kk,
        territories.iso_3166_2,
        territories.depth,
        shown.period_month,
        {{ period_label('periods') }} as period_label,
        {{ precedence('periods', 'territories') }} as precedence,
        case when indicators.measure_type != 'stock' then months.value end as month_value,
        case when indicators.measure_type != 'stock' then months.value_prior_year end
            as month_prior_year,
        case when indicators.measure_type != 'stock' then months.change_pct end as month_change_pct,
        case when indicators.measure_type != 'stock' then months.growth_code end
            as month_growth_code,
        case when indicators.measure_type != 'stock' then months.growth_value end
            as month_growth_value,
        case when indicators.measure_type != 'stock' then months.break_from end
            as month_break_from,
        case
            when indicators.measure_type = 'stock' then 'not_applicable' else months.status
        end as month_status,
        months.status_reason as month_status_reason,
        totals.value as ytd_value,
        totals.value_prior_year as ytd_prior_year,
        totals.change_abs as ytd_change_abs,
        totals.change_pct as ytd_change_pct,
        totals.growth_code as ytd_growth_code,
        totals.growth_value as ytd_growth_value,
        totals.break_from as ytd_break_from,
        totals.per_100k as ytd_per_100k,
        shown.status as ytd_status,
        shown.status_reason as ytd_status_reason,
        totals.expected_units,
        totals.accepted_units,
        totals.population_coverage_share,
        coalesce(totals.has_warning, false) or coalesce(months.has_warning, false) as has_warning,
        totals.received_at_max
    from shown
    inner join indicators on shown.indicator_code = indicators.indicator_code
    inner join territories on shown.territory_kato = territories.territory_kato
    inner join periods on shown.period_month = periods.period_month
    left join totals
        on
            shown.indicator_code = totals.indicator_code
            and shown.territory_kato = totals.territory_kato
            and shown.period_month = totals.period_month
    left join months
        on
            shown.indicator_code = months.indicator_code
            and shown.territory_kato = months.territory_kato
            and shown.period_month = months.period_month
)

select * from final
order by indicator_code, period_month, territory_kato
