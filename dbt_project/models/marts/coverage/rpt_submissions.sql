with submissions as (
    select * from {{ ref('stg_ledger__submissions') }}
),

findings as (
    select * from {{ ref('stg_ledger__findings') }}
),

expected as (
    select * from {{ ref('stg_contracts__expected_submitters') }}
),

in_force as (
    select * from submissions
    where is_in_force
),

counted as (
    select
        submission_id,
        sum(case when severity = 'error' then 1 else 0 end) as errors,
        sum(case when severity = 'warning' then 1 else 0 end) as warnings
    from findings
    group by submission_id
),

versioned as (
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
        versioned.submission_id,
        versioned.form_code,
        versioned.territory_kato,
        versioned.period_month,
        cast(versioned.version_number as integer) as version_number,
        versioned.verdict,
        versioned.is_in_force,
        case
            when
                not versioned.is_in_force
                and versioned.verdict in ('accepted', 'accepted_with_warnings')
                then in_force.submission_id
        end as superseded_by,
        versioned.received_at,
        expected.deadline_at,
        expected.form_code is not null as is_expected,
        coalesce(versioned.received_at > expected.deadline_at, false) as is_late,
        cast(coalesce(counted.errors, 0) as integer) as error_count,
        cast(coalesce(counted.warnings, 0) as integer) as warning_count,
        versioned.submitted_by,
        versioned.file_name,
        versioned.file_sha256,
        versioned.contract_hash
    from versioned
    left join counted on versioned.submission_id = counted.submission_id
    left join in_force
        on
            versioned.form_code = in_force.form_code
            and versioned.territory_kato = in_force.territory_kato
            and versioned.period_month = in_force.period_month
    left join expected
        on
            versioned.form_code = expected.form_code
            and versioned.territory_kato = expected.territory_kato
            and versioned.period_month = expected.period_month
)

select * from final
