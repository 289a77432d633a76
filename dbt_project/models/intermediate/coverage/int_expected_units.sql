-- The units a territory waits for: the topmost expected submitters at or below it.
with submitters as (
    select * from {{ ref('stg_contracts__expected_submitters') }}
),

ancestors as (
    select * from {{ ref('int_territory_ancestors') }}
),

submitters_above as (
    select
        below.form_code,
        below.territory_kato,
        below.period_month,
        min(ancestors.depth) as nearest_depth
    from submitters as below
    inner join ancestors on below.territory_kato = ancestors.territory_kato
    inner join submitters as above
        on
            ancestors.ancestor_kato = above.territory_kato
            and below.form_code = above.form_code
            and below.period_month = above.period_month
    where ancestors.depth > 0
    group by below.form_code, below.territory_kato, below.period_month
),

final as (
    select
        submitters.form_code,
        submitters.period_month,
        ancestors.ancestor_kato as territory_kato,
        submitters.territory_kato as unit_kato,
        ancestors.depth,
        submitters.deadline_at,
        submitters.is_sent,
        submitters.is_on_time
    from submitters
    inner join ancestors on submitters.territory_kato = ancestors.territory_kato
    left join submitters_above
        on
            submitters.form_code = submitters_above.form_code
            and submitters.territory_kato = submitters_above.territory_kato
            and submitters.period_month = submitters_above.period_month
    where
        submitters_above.nearest_depth is null
        or submitters_above.nearest_depth > ancestors.depth
)

select * from final
