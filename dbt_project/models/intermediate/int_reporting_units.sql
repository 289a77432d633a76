-- Whose figures count towards a territory. A territory's own (a consolidated return, or the row of
-- the whole in a table) take precedence over those of its parts, so nothing is counted twice.
with submissions as (
    select * from {{ ref('int_submission_units') }}
),

ancestors as (
    select * from {{ ref('int_territory_ancestors') }}
),

population as (
    select * from {{ ref('stg_contracts__population') }}
),

consolidated as (
    select
        below.submission_id,
        below.territory_kato,
        min(ancestors.depth) as nearest_depth
    from submissions as below
    inner join ancestors on below.territory_kato = ancestors.territory_kato
    inner join submissions as above
        on
            ancestors.ancestor_kato = above.territory_kato
            and below.form_code = above.form_code
            and below.period_month = above.period_month
    where ancestors.depth > 0
    group by below.submission_id, below.territory_kato
),

final as (
    select
        submissions.form_code,
        submissions.period_month,
        ancestors.ancestor_kato as territory_kato,
        submissions.territory_kato as unit_kato,
        ancestors.depth,
        submissions.submission_id,
        submissions.received_at,
        submissions.verdict,
        population.population
    from submissions
    inner join ancestors on submissions.territory_kato = ancestors.territory_kato
    left join consolidated
        on
            submissions.submission_id = consolidated.submission_id
            and submissions.territory_kato = consolidated.territory_kato
    left join population
        on
            submissions.territory_kato = population.territory_kato
            and submissions.period_month = population.period_month
    where
        consolidated.nearest_depth is null
        or consolidated.nearest_depth > ancestors.depth
)

select * from final
