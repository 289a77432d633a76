-- The units a territory waits for: the topmost expected submitters at or below it.
with expected as (
    select * from {{ ref('stg_contracts__expected_submitters') }}
),

ancestors as (
    select * from {{ ref('int_territory_ancestors') }}
),

expected_above as (
    select
        below.form_code,
        below.territory_kato,
        below.period_month,
        min(ancestors.depth) as nearest_depth
    from expected as below
    inner join ancestors on below.territory_kato = ancestors.territory_kato
    inner join expected as above
        on
            ancestors.ancestor_kato = above.territory_kato
            and below.form_code = above.form_code
            and below.period_month = above.period_month
    where ancestors.depth > 0
    group by below.form_code, below.territory_kato, below.period_month
),

final as (
    select
        expected.form_code,
        expected.period_month,
        ancestors.ancestor_kato as territory_kato,
        expected.territory_kato as unit_kato,
        ancestors.depth,
        expected.deadline_at
    from expected
    inner join ancestors on expected.territory_kato = ancestors.territory_kato
    left join expected_above
        on
            expected.form_code = expected_above.form_code
            and expected.territory_kato = expected_above.territory_kato
            and expected.period_month = expected_above.period_month
    where
        expected_above.nearest_depth is null
        or expected_above.nearest_depth > ancestors.depth
)

select * from final
