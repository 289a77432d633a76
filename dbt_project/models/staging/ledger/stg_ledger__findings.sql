with source as (
    select * from {{ source('ledger', 'findings') }}
),

final as (
    select
        cast(submission_id as {{ dbt.type_string() }}) as submission_id,
        cast(territory_kato as {{ dbt.type_string() }}) as territory_kato,
        cast(finding_number as integer) as finding_number,
        cast(finding_code as {{ dbt.type_string() }}) as finding_code,
        cast(severity as {{ dbt.type_string() }}) as severity,
        cast(sheet as {{ dbt.type_string() }}) as sheet,
        cast(cell as {{ dbt.type_string() }}) as cell,
        cast(section as {{ dbt.type_string() }}) as section,
        cast(line as smallint) as line,
        cast(column_number as smallint) as column_number,
        cast(found_value as {{ dbt.type_string() }}) as found_value,
        cast(expected_value as {{ dbt.type_string() }}) as expected_value,
        cast(rule_id as {{ dbt.type_string() }}) as rule_id,
        cast(message_ru as {{ dbt.type_string() }}) as message_ru,
        cast(message_kk as {{ dbt.type_string() }}) as message_kk,
        cast(message_en as {{ dbt.type_string() }}) as message_en
    from source
)

select * from final
