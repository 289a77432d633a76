with source as (
    select * from {{ source('ledger', 'submissions') }}
),

final as (
    select
        cast(submission_id as {{ dbt.type_string() }}) as submission_id,
        cast(sequence as bigint) as sequence,
        cast(form_code as {{ dbt.type_string() }}) as form_code,
        cast(form_version as {{ dbt.type_string() }}) as form_version,
        cast(territory_kato as {{ dbt.type_string() }}) as territory_kato,
        cast(period_month as date) as period_month,
        cast(file_sha256 as {{ dbt.type_string() }}) as file_sha256,
        cast(file_name as {{ dbt.type_string() }}) as file_name,
        cast(submitted_by as {{ dbt.type_string() }}) as submitted_by,
        cast(received_at as {{ dbt.type_timestamp() }}) as received_at,
        cast(verdict as {{ dbt.type_string() }}) as verdict,
        cast(is_counted as boolean) as is_counted,
        cast(is_in_force as boolean) as is_in_force,
        cast(contract_hash as {{ dbt.type_string() }}) as contract_hash
    from source
)

select * from final
