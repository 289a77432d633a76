-- What each version of a submission says, those that were replaced included: the signed sum of the
-- indicator's coordinates in the version of the form that it was read by. A blank or absent
-- coordinate makes the figure unknown.
with sources as (
    select * from {{ ref('stg_contracts__indicator_sources') }}
),

submissions as (
    select * from {{ ref('int_submission_versions') }}
),

cells as (
    select * from {{ ref('stg_lake__cells') }}
),

final as (
    select
        sources.indicator_code,
        submissions.territory_kato,
        submissions.period_month,
        sources.basis,
        submissions.submission_id,
        submissions.version_number,
        submissions.received_at,
        submissions.is_in_force,
        {{ sum_if_complete('sources.sign * cells.value') }} as value
    from sources
    inner join submissions
        on
            sources.form_code = submissions.form_code
            and sources.form_version = submissions.form_version
    left join cells
        on
            submissions.submission_id = cells.submission_id
            and submissions.territory_kato = cells.territory_kato
            and sources.section = cells.section
            and sources.line = cells.line
            and sources.column_number = cells.column_number
    group by
        sources.indicator_code,
        submissions.territory_kato,
        submissions.period_month,
        sources.basis,
        submissions.submission_id,
        submissions.version_number,
        submissions.received_at,
        submissions.is_in_force
)

select * from final
