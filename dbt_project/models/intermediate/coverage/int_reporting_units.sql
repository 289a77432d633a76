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

units_replaced_by_parts as (
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

counted_units as (
    select units_in_force.*
    from units_in_force
    left join units_replaced_by_parts
        on
            units_in_force.submission_id = units_replaced_by_parts.submission_id
            and units_in_force.territory_kato = units_replaced_by_parts.territory_kato
    where units_replaced_by_parts.submission_id is null
),

units_below_others as (
    select
        below.submission_id,
        below.territory_kato,
        min(ancestors.depth) as nearest_depth
    from counted_units as below
    inner join ancestors on below.territory_kato = ancestors.territory_kato
    inner join counted_units as above
        on
            ancestors.ancestor_kato = above.territory_kato
            and below.form_code = above.form_code
            and below.period_month = above.period_month
    where ancestors.depth > 0
    group by below.submission_id, below.territory_kato
),

final as (
    select
        counted_units.form_code,
        counted_units.period_month,
        ancestors.ancestor_kato as territory_kato,
        counted_units.territory_kato as unit_kato,
        ancestors.depth,
        counted_units.submission_id,
        counted_units.received_at,
        counted_units.verdict,
        population.population
    from counted_units
    inner join ancestors on counted_units.territory_kato = ancestors.territory_kato
    left join units_below_others
        on
            counted_units.submission_id = units_below_others.submission_id
            and counted_units.territory_kato = units_below_others.territory_kato
    left join population
        on
            counted_units.territory_kato = population.territory_kato
            and counted_units.period_month = population.period_month
    where
        units_below_others.nearest_depth is null
        or units_below_others.nearest_depth > ancestors.depth
)

select * from final
