with revisions as (
    select * from {{ ref('int_indicator_revisions') }}
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
                abs(revisions.value - revisions.previous_value) >= rules.suspected_minimum_change
                and greatest(revisions.value, revisions.previous_value)
                >= rules.suspected_factor
                * greatest(least(revisions.value, revisions.previous_value), 1)
                then 'suspected_error'
            when revisions.reported_month = revisions.period_month then 'correction'
            else 'requalification'
        end as classification,
        revisions.is_fall as is_ytd_fall,
        revisions.is_bound as is_upper_bound,
        revisions.reported_month,
        case
            when revisions.reported_month = revisions.period_month then revisions.period_month
            else {{ first_of_year('revisions.period_month') }}
        end as attributed_from,
        revisions.period_month as attributed_to,
        revisions.submission_id,
        revisions.previous_submission_id,
        submissions.submitted_by,
        revisions.known_at as received_at,
        submissions.is_in_force
    from revisions
    inner join submissions
        on
            revisions.submission_id = submissions.submission_id
            and revisions.territory_kato = submissions.territory_kato
    cross join rules
    where revisions.revision_number > 1
)

select * from final
