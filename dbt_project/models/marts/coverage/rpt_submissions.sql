with submissions as (
    select * from {{ ref('stg_ledger__submissions') }}
),

findings as (
    select * from {{ ref('stg_ledger__findings') }}
),

expected_submitters as (
    select * from {{ ref('stg_contracts__expected_submitters') }}
),

submissions_in_force as (
    select * from submissions
    where is_in_force
),

finding_counts as (
    select
        submission_id,
        sum(case when severity = 'error' then 1 else 0 end) as errors,
        sum(case when severity = 'warning' then 1 else 0 end) as warnings
    from findings
    group by submission_id
),

versions as (
    select
        *,
        row_number() over (
            partition by form_code, territory_kato, period_month
            order by received_at, sequence
        ) as version_number
    from submissions
),

final as (
    select
        versions.submission_id,
        versions.form_code,
        versions.territory_kato,
        versions.period_month,
        cast(versions.version_number as integer) as version_number,
        versions.verdict,
        versions.is_in_force,
        case
            when
                not versions.is_in_force
                and versions.verdict in ('accepted', 'accepted_with_warnings')
                then submissions_in_force.submission_id
        end as superseded_by,
        versions.received_at,
        expected_submitters.deadline_at,
        expected_submitters.form_code is not null as is_expected,
        coalesce(versions.received_at > expected_submitters.deadline_at, false) as is_late,
        cast(coalesce(finding_counts.errors, 0) as integer) as error_count,
        cast(coalesce(finding_counts.warnings, 0) as integer) as warning_count,
        versions.submitted_by,
        versions.file_name,
        versions.file_sha256,
        versions.contract_hash
    from versions
    left join finding_counts on versions.submission_id = finding_counts.submission_id
    left join submissions_in_force
        on
            versions.form_code = submissions_in_force.form_code
            and versions.territory_kato = submissions_in_force.territory_kato
            and versions.period_month = submissions_in_force.period_month
    left join expected_submitters
        on
            versions.form_code = expected_submitters.form_code
            and versions.territory_kato = expected_submitters.territory_kato
            and versions.period_month = expected_submitters.period_month
)

select * from final
