-- The shape only: warehouse.build.outliers lists the rows, after the models and before the gate.
with periods as (
    select * from {{ ref('dim_period') }}
),

final as (
    select
        cast(null as {{ dbt.type_string() }}) as indicator_code,
        cast(null as {{ dbt.type_string() }}) as territory_kato,
        period_month,
        cast(null as double) as observed,
        cast(null as double) as expected,
        cast(null as double) as low,
        cast(null as double) as high,
        cast(null as double) as probability,
        cast(null as double) as q_value,
        cast(null as {{ dbt.type_string() }}) as direction,
        cast(null as {{ dbt.type_string() }}) as reason,
        cast(null as {{ dbt.type_string() }}) as severity,
        cast(null as {{ dbt.type_string() }}) as pattern,
        cast(null as double) as suggested_value,
        cast(null as {{ dbt.type_string() }}) as partner,
        cast(null as {{ dbt.type_string() }}) as finding_code,
        cast(null as {{ dbt.type_string() }}) as message_ru,
        cast(null as {{ dbt.type_string() }}) as message_kk,
        cast(null as {{ dbt.type_string() }}) as message_en,
        cast(null as {{ dbt.type_string() }}) as submission_id,
        cast(null as {{ dbt.type_timestamp() }}) as received_at
    from periods
    where false
)

select * from final
