with indicators as (
    select * from {{ ref('stg_contracts__indicators') }}
),

sources as (
    select * from {{ ref('stg_contracts__indicator_sources') }}
),

coordinates as (
    select
        indicator_code,
        {{ texts_listed(
            "section || '/' || cast(line as " ~ dbt.type_string() ~ ") || '/' || cast(column_number as "
            ~ dbt.type_string() ~ ")",
            'section, line, column_number'
        ) }} as source_coordinates
    from sources
    where basis = 'ytd'
    group by indicator_code
),

final as (
    select
        indicators.indicator_code,
        indicators.domain,
        indicators.name_ru,
        indicators.name_kk,
        indicators.name_en,
        indicators.unit,
        indicators.measure_type,
        indicators.territory_aggregation,
        indicators.time_aggregation,
        indicators.form_code,
        indicators.parent_code,
        indicators.dimension,
        coordinates.source_coordinates,
        indicators.article,
        indicators.iccs_code,
        indicators.is_derived,
        indicators.formula_scale,
        indicators.formula_version,
        indicators.is_verified,
        indicators.is_ranked
    from indicators
    left join coordinates on indicators.indicator_code = coordinates.indicator_code
)

select * from final
