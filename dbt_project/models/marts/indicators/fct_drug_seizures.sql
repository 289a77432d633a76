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
        figures.basis,
        indicators.name_ru as substance_ru,
        indicators.name_kk as substance_kk,
        indicators.name_en as substance_en,
        indicators.dimension,
        coalesce(
            indicators.dimension like 'substance=%'
            and indicators.dimension != 'substance=mephedrone',
            false
        ) as is_part_of_total,
        figures.value as seized_kg,
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
    where indicators.form_code = 'DRG-M' and indicators.unit = 'kg'
)

select * from final
