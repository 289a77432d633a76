with indicators as (
    select * from {{ ref('stg_contracts__indicators') }}
),

sources as (
    select * from {{ ref('stg_contracts__indicator_sources') }}
),

carrying_versions as (
    select
        indicator_code,
        count(distinct form_version) as versions
    from sources
    where basis = 'ytd'
    group by indicator_code
),

-- A coordinate that only some versions of the form have names the first of these.
version_coordinates as (
    select
        sources.indicator_code,
        sources.section,
        sources.line,
        sources.column_number,
        case
            when count(*) < max(carrying_versions.versions)
                then ' [' || min(sources.form_version) || ']'
            else ''
        end as version_named
    from sources
    inner join carrying_versions on sources.indicator_code = carrying_versions.indicator_code
    where sources.basis = 'ytd'
    group by sources.indicator_code, sources.section, sources.line, sources.column_number
),

coordinates as (
    select
        indicator_code,
        {{ texts_listed(
            "section || '/' || cast(line as " ~ dbt.type_string() ~ ") || '/' || cast(column_number as "
            ~ dbt.type_string() ~ ") || version_named",
            'section, line, column_number'
        ) }} as source_coordinates
    from version_coordinates
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
