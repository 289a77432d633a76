-- Warnings that concern an offence: on the line of one of its measures.
with measures as (
    select * from {{ ref('stg_contracts__offence_measures') }}
),

findings as (
    select * from {{ ref('stg_ledger__findings') }}
),

submissions as (
    select * from {{ ref('stg_ledger__submissions') }}
    where is_in_force
),

final as (
    select distinct
        measures.offence_code,
        findings.submission_id
    from findings
    inner join submissions on findings.submission_id = submissions.submission_id
    inner join measures
        on
            submissions.form_code = measures.form_code
            and submissions.form_version = measures.form_version
            and findings.section = measures.section
            and findings.line = measures.line
            and coalesce(findings.column_number, measures.column_number) = measures.column_number
    where findings.severity = 'warning'
)

select * from final
