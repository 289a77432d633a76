with source as (
    select * from {{ source('contracts', 'claims') }}
),

final as (
    select
        cast(claim_id as {{ dbt.type_string() }}) as claim_id,
        cast(source as {{ dbt.type_string() }}) as source_document,
        cast(published_on as date) as published_on,
        cast(speaker as {{ dbt.type_string() }}) as speaker,
        cast(quote as {{ dbt.type_string() }}) as quote_text,
        cast(territory_kato as {{ dbt.type_string() }}) as territory_kato,
        cast(territory_name as {{ dbt.type_string() }}) as territory_name,
        cast(period_start as date) as period_start,
        cast(period_end as date) as period_end,
        cast(indicator_code as {{ dbt.type_string() }}) as indicator_code,
        cast(quantity as {{ dbt.type_string() }}) as quantity,
        cast(qualifier as {{ dbt.type_string() }}) as qualifier,
        cast(stated_value as double) as stated_value,
        cast(unit as {{ dbt.type_string() }}) as unit,
        cast(low as double) as low,
        cast(high as double) as high,
        cast(period_month as date) as period_month,
        cast(basis as {{ dbt.type_string() }}) as basis,
        cast(not_checkable_reason as {{ dbt.type_string() }}) as not_checkable_reason
    from source
)

select * from final
