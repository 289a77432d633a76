-- Whose figures count towards a territory. A territory's own (a consolidated return, or the row of
-- the whole in a table) take precedence over those of its parts, so nothing is counted twice; by
-- the rule of the form they give way where all parts reported.
with units_in_force as (
    select * from {{ ref('int_submission_versions') }}
    where is_in_force
),

territories as (
    select * from {{ ref('stg_contracts__territories') }}
),

rules as (
    select * from {{ ref('stg_contracts__coverage_rules') }}
),

ancestors as (
    select * from {{ ref('int_territory_ancestors') }}
),

population as (
    select * from {{ ref('stg_contracts__population') }}
),

giving_way as (
    select
        own.submission_id,
        own.territory_kato
    from units_in_force as own
    inner join rules on own.form_code = rules.form_code
    inner join territories on own.territory_kato = territories.parent_kato
    left join units_in_force as parts
        on
            territories.territory_kato = parts.territory_kato
            and own.form_code = parts.form_code
            and own.period_month = parts.period_month
    where
        rules.where_both_exist = 'districts'
        and territories.valid_from <= {{ month_end('own.period_month') }}
        and (territories.valid_to is null or territories.valid_to >= own.period_month)
    group by own.submission_id, own.territory_kato
    having count(*) = count(parts.submission_id)
),

submissions as (
    select units_in_force.*
    from units_in_force
    left join giving_way
        on
            units_in_force.submission_id = giving_way.submission_id
            and units_in_force.territory_kato = giving_way.territory_kato
    where giving_way.submission_id is null
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
