-- The one expensive step: the files of submissions in force are scanned once and only needed
-- coordinates are kept. Rows are keyed by the submission, so that versions can be told apart.
-- It joins nothing else: the scan is most of the cost of a build.
with cells as (
    select * from {{ ref('stg_lake__cells') }}
),

coordinates as (
    select * from {{ ref('int_coordinates') }}
),

final as (
    select
        cells.submission_id,
        cells.territory_kato,
        cells.section,
        cells.line,
        cells.column_number,
        {{ exact('cells.value') }} as value
    from cells
    inner join coordinates
        on
            cells.section = coordinates.section
            and cells.line = coordinates.line
            and cells.column_number = coordinates.column_number
)

select * from final
