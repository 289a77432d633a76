with figures as (
    select * from {{ ref('fct_indicator_values') }}
),

indicators as (
    select * from {{ ref('dim_indicator') }}
),

final as (
    select
        figures.indicator_code,
        figures.territory_kato,
        figures.period_month,
        indicators.name_ru as system_ru,
        indicators.name_kk as system_kk,
        indicators.name_en as system_en,
        indicators.parent_code,
        indicators.dimension,
        coalesce(indicators.dimension like 'device=%', false) as is_part_of_total,
        figures.value as devices,
        figures.status,
        figures.status_reason,
        figures.expected_units,
        figures.accepted_units,
        figures.coverage_share,
        figures.population_coverage_share,
        figures.has_warning,
        figures.submission_id
    from figures
    inner join indicators on figures.indicator_code = indicators.indicator_code
    where
        indicators.form_code = 'DEV-M'
        and indicators.measure_type = 'stock'
        and figures.basis = 'ytd'
)

select * from final
