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

expected_units as (
    select * from {{ ref('int_expected_units') }}
),

submissions as (
    select * from {{ ref('stg_ledger__submissions') }}
),

form_months as (
    select distinct
        form_code,
        period_month
    from units_in_force
),

-- Units of which every part reported that exists at the end of the month.
units_whole_by_parts as (
    select
        form_months.form_code,
        form_months.period_month,
        territories.parent_kato as territory_kato
    from form_months
    inner join territories
        on
            territories.valid_from <= {{ month_end('form_months.period_month') }}
            and (
                territories.valid_to is null
                or territories.valid_to >= {{ month_end('form_months.period_month') }}
            )
    left join units_in_force as parts
        on
            territories.territory_kato = parts.territory_kato
            and form_months.form_code = parts.form_code
            and form_months.period_month = parts.period_month
    where territories.parent_kato is not null
    group by form_months.form_code, form_months.period_month, territories.parent_kato
    having count(*) = count(parts.submission_id)
),

units_replaced_by_parts as (
    select
        own.submission_id,
        own.territory_kato
    from units_in_force as own
    inner join rules on own.form_code = rules.form_code
    inner join units_whole_by_parts
        on
            own.form_code = units_whole_by_parts.form_code
            and own.period_month = units_whole_by_parts.period_month
            and own.territory_kato = units_whole_by_parts.territory_kato
    where rules.where_both_exist = 'districts'
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

territory_units as (
    select
        counted_units.form_code,
        counted_units.period_month,
        ancestors.ancestor_kato as territory_kato,
        counted_units.territory_kato as unit_kato,
        ancestors.depth,
        counted_units.submission_id,
        counted_units.received_at,
        counted_units.verdict
    from counted_units
    inner join ancestors on counted_units.territory_kato = ancestors.territory_kato
    left join units_below_others
        on
            counted_units.submission_id = units_below_others.submission_id
            and counted_units.territory_kato = units_below_others.territory_kato
    where
        units_below_others.nearest_depth is null
        or units_below_others.nearest_depth > ancestors.depth
),

-- The expected units that a return stands for: itself or what lies below it, or, together with the
-- other parts, a unit above it that did not report itself or that only gave its parts in a table.
territory_duties as (
    select
        territory_units.form_code,
        territory_units.period_month,
        territory_units.territory_kato,
        territory_units.unit_kato,
        max(case when above.depth > 0 then expected.unit_kato end) as whole_kato,
        count(*) as expected_units
    from territory_units
    inner join expected_units as expected
        on
            territory_units.form_code = expected.form_code
            and territory_units.period_month = expected.period_month
            and territory_units.territory_kato = expected.territory_kato
    left join ancestors as above
        on
            territory_units.unit_kato = above.territory_kato
            and expected.unit_kato = above.ancestor_kato
    left join ancestors as below
        on
            expected.unit_kato = below.territory_kato
            and territory_units.unit_kato = below.ancestor_kato
    left join units_whole_by_parts
        on
            expected.form_code = units_whole_by_parts.form_code
            and expected.period_month = units_whole_by_parts.period_month
            and expected.unit_kato = units_whole_by_parts.territory_kato
    left join submissions
        on
            expected.form_code = submissions.form_code
            and expected.period_month = submissions.period_month
            and expected.unit_kato = submissions.territory_kato
            and submissions.is_in_force
    where
        below.territory_kato is not null
        or (
            above.territory_kato is not null
            and (
                units_whole_by_parts.territory_kato is not null
                or submissions.submission_id is not null
            )
        )
    group by
        territory_units.form_code,
        territory_units.period_month,
        territory_units.territory_kato,
        territory_units.unit_kato
),

-- A return that stands for nobody's duty counts for its own unit alone.
counted_territory_units as (
    select
        territory_units.*,
        population.population,
        coalesce(territory_duties.whole_kato, territory_units.unit_kato) as whole_kato,
        coalesce(territory_duties.expected_units, 0) as expected_units
    from territory_units
    left join territory_duties
        on
            territory_units.form_code = territory_duties.form_code
            and territory_units.period_month = territory_duties.period_month
            and territory_units.territory_kato = territory_duties.territory_kato
            and territory_units.unit_kato = territory_duties.unit_kato
    left join population
        on
            territory_units.unit_kato = population.territory_kato
            and territory_units.period_month = population.period_month
    where
        territory_units.depth = 0
        or territory_duties.unit_kato is not null
),

final as (
    select
        form_code,
        period_month,
        territory_kato,
        unit_kato,
        depth,
        submission_id,
        received_at,
        verdict,
        population,
        whole_kato,
        count(*) over (
            partition by form_code, period_month, territory_kato, whole_kato
        ) as whole_returns,
        case
            when
                row_number() over (
                    partition by form_code, period_month, territory_kato, whole_kato
                    order by unit_kato
                ) = 1
                then expected_units
            else 0
        end as expected_units
    from counted_territory_units
)

select * from final
