-- Warnings that concern an indicator: on the line of one of its coordinates, in its column or in
-- all columns; a derived indicator inherits those of its components.
with sources as (
    select * from {{ ref('stg_contracts__indicator_sources') }}
),

formulas as (
    select * from {{ ref('stg_contracts__indicator_formulas') }}
),

findings as (
    select * from {{ ref('stg_ledger__findings') }}
),

submissions as (
    select * from {{ ref('stg_ledger__submissions') }}
    where is_in_force
),

coordinates as (
    select
        indicator_code,
        form_code,
        form_version,
        section,
        line,
        column_number
    from sources
    union distinct
    select
        formulas.indicator_code,
        sources.form_code,
        sources.form_version,
        sources.section,
        sources.line,
        sources.column_number
    from formulas
    inner join sources on formulas.component_code = sources.indicator_code
),

final as (
    select distinct
        coordinates.indicator_code,
        findings.submission_id,
        findings.territory_kato
    from findings
    inner join submissions on findings.submission_id = submissions.submission_id
    inner join coordinates
        on
            submissions.form_code = coordinates.form_code
            and submissions.form_version = coordinates.form_version
            and findings.section = coordinates.section
            and findings.line = coordinates.line
            and coalesce(findings.column_number, coordinates.column_number)
            = coordinates.column_number
    where findings.severity = 'warning'
)

select * from final
