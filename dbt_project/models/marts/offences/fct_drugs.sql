with crimes as (
    select * from {{ ref('fct_crimes') }}
),

offences as (
    select * from {{ ref('dim_offence') }}
),

final as (
    select crimes.*
    from crimes
    inner join offences on crimes.offence_code = offences.offence_code
    where offences.is_drugs
)

select * from final
