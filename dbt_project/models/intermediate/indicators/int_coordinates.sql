-- Every coordinate that some indicator or measure needs, of whatever form: the only cells that a
-- build reads.
with indicator_sources as (
    select * from {{ ref('stg_contracts__indicator_sources') }}
),

offence_measures as (
    select * from {{ ref('stg_contracts__offence_measures') }}
),

final as (
    select
        section,
        line,
        column_number
    from indicator_sources
    union distinct
    select
        section,
        line,
        column_number
    from offence_measures
)

select * from final
