-- The one expensive step: the lake is scanned once and only needed coordinates are kept.
-- Rows are keyed by the submission and never change, so the step can become incremental.
with cells as (
    select * from {{ ref('stg_lake__cells') }}
),

coordinates as (
    select * from {{ ref('int_coordinates') }}
),

submissions as (
    select * from {{ ref('int_submissions_in_force') }}
),

final as (
    select
        cells.submission_id,
        submissions.form_code,
        cells.section,
        cells.line,
        cells.graph,
        {{ exact('cells.value') }} as value
    from cells
    inner join submissions on cells.submission_id = submissions.submission_id
    inner join coordinates
        on
            submissions.form_code = coordinates.form_code
            and cells.section = coordinates.section
            and cells.line = coordinates.line
            and cells.graph = coordinates.graph
)

select * from final
