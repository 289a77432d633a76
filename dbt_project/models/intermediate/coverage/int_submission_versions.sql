-- The units that each submission speaks for: those of its rows where rows are territories, else its
-- own. Every version that counts or counted until a later one came.
with submissions as (
    select * from {{ ref('stg_ledger__submissions') }}
),

cells as (
    select * from {{ ref('stg_lake__cells') }}
),

row_units as (
    select distinct
        submission_id,
        territory_kato
    from cells
),

units as (
    select
        submissions.submission_id,
        submissions.form_code,
        submissions.form_version,
        coalesce(row_units.territory_kato, submissions.territory_kato) as territory_kato,
        submissions.period_month,
        submissions.submitted_by,
        submissions.received_at,
        submissions.sequence,
        submissions.verdict,
        submissions.is_in_force
    from submissions
    left join row_units on submissions.submission_id = row_units.submission_id
    where submissions.is_counted
),

final as (
    select
        submission_id,
        form_code,
        form_version,
        territory_kato,
        period_month,
        submitted_by,
        received_at,
        verdict,
        is_in_force,
        row_number() over (
            partition by form_code, territory_kato, period_month
            order by received_at, sequence
        ) as version_number
    from units
)

select * from final
