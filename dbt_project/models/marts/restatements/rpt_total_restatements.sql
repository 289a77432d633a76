with revisions as (
    select * from {{ ref('int_total_revisions') }}
),

submissions as (
    select * from {{ ref('int_submission_versions') }}
),

rules as (
    select * from {{ ref('stg_contracts__restatement_rules') }}
),

final as (
    select
        revisions.indicator_code,
        revisions.territory_kato,
        revisions.period_month,
        cast(revisions.revision_number as integer) as revision_number,
        submissions.form_code,
        cast(revisions.first_value as double) as first_value,
        cast(revisions.previous_value as double) as previous_value,
        cast(revisions.value as double) as value,
        cast(revisions.value - revisions.previous_value as double) as change_abs,
        case
            when revisions.previous_value > 0
                then
                    100.0 * cast(revisions.value - revisions.previous_value as double)
                    / cast(revisions.previous_value as double)
        end as change_pct,
        case
            when
                abs(revisions.unit_numerator - revisions.unit_previous_numerator)
                >= rules.suspected_minimum_change
                and greatest(revisions.unit_numerator, revisions.unit_previous_numerator)
                >= rules.suspected_factor
                * greatest(
                    least(revisions.unit_numerator, revisions.unit_previous_numerator), 1
                )
                then 'suspected_error'
            else 'correction'
        end as classification,
        revisions.unit_kato,
        revisions.submission_id,
        submissions.submitted_by,
        revisions.known_at as received_at,
        submissions.is_in_force
    from revisions
    inner join submissions
        on
            revisions.submission_id = submissions.submission_id
            and revisions.unit_kato = submissions.territory_kato
    cross join rules
    where revisions.revision_number > 1
)

select * from final
