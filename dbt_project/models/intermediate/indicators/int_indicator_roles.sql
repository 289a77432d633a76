-- Which parts of an indicator count from 1 January, so that a month of them is a difference; stocks
-- and inhabitants are what they are at the end of the month.
with indicators as (
    select * from {{ ref('stg_contracts__indicators') }}
),

formulas as (
    select * from {{ ref('stg_contracts__indicator_formulas') }}
),

component_kinds as (
    select
        formulas.indicator_code,
        formulas.role,
        coalesce(components.measure_type, 'stock') = 'flow' as is_flow
    from formulas
    left join indicators as components on formulas.component_code = components.indicator_code
    union all
    select
        indicator_code,
        'numerator' as role,
        measure_type = 'flow' as is_flow
    from indicators
    where not is_derived
),

final as (
    select
        indicator_code,
        role,
        min(case when is_flow then 1 else 0 end) = 1 as is_flow
    from component_kinds
    group by indicator_code, role
    having
        min(case when is_flow then 1 else 0 end) = max(case when is_flow then 1 else 0 end)
)

select * from final
