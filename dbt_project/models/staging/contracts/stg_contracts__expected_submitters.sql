with source as (
    select * from {{ source('contracts', 'expected_submitters') }}
),

final as (
    select
        cast(form_code as {{ dbt.type_string() }}) as form_code,
        cast(territory_kato as {{ dbt.type_string() }}) as territory_kato,
        cast(period_month as date) as period_month,
        cast(deadline_at as {{ dbt.type_timestamp() }}) as deadline_at,
        cast(is_sent as boolean) as is_sent,
        cast(reported_at as {{ dbt.type_timestamp() }}) as reported_at,
        cast(is_on_time as boolean) as is_on_time
    from source
)

select * from final
