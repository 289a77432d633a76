with findings as (
    select * from {{ ref('stg_ledger__findings') }}
),

submissions as (
    select * from {{ ref('stg_ledger__submissions') }}
),

final as (
    select
        findings.submission_id,
        findings.finding_number,
        submissions.form_code,
        coalesce(findings.territory_kato, submissions.territory_kato) as territory_kato,
        submissions.period_month,
        submissions.is_in_force,
        findings.finding_code,
        findings.severity,
        findings.rule_id,
        findings.sheet,
        findings.cell,
        findings.section,
        findings.line,
        findings.column_number,
        findings.found_value,
        findings.expected_value,
        findings.message_ru,
        findings.message_kk,
        findings.message_en,
        submissions.received_at
    from findings
    inner join submissions on findings.submission_id = submissions.submission_id
)

select * from final
