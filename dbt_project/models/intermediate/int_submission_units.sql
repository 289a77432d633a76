-- The units that a submission in force speaks for: those of its rows where rows are territories,
-- else its own.
with submissions as (
    select * from {{ ref('int_submissions_in_force') }}
),

cells as (
    select * from {{ ref('int_cells_extracted') }}
),

named as (
    select distinct
        submission_id,
        territory_kato
    from cells
),

final as (
    select
        submissions.submission_id,
        submissions.form_code,
        coalesce(named.territory_kato, submissions.territory_kato) as territory_kato,
        submissions.period_month,
        submissions.received_at,
        submissions.verdict
    from submissions
    left join named on submissions.submission_id = named.submission_id
)

select * from final
