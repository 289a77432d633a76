-- Whether an expected unit of a territory is covered: by its own submission (also by a table that
-- gives only its parts), by a consolidated one from above within that territory, or by the
-- submissions of all its parts.
with expected_units as (
    select * from {{ ref('int_expected_units') }}
),

reporting as (
    select * from {{ ref('int_reporting_units') }}
),

submissions as (
    select * from {{ ref('stg_ledger__submissions') }}
),

ancestors as (
    select * from {{ ref('int_territory_ancestors') }}
),

territories as (
    select * from {{ ref('stg_contracts__territories') }}
),

population as (
    select * from {{ ref('stg_contracts__population') }}
),

covered_from_above as (
    select distinct
        expected_units.form_code,
        expected_units.period_month,
        expected_units.territory_kato,
        expected_units.unit_kato
    from expected_units
    inner join ancestors on expected_units.unit_kato = ancestors.territory_kato
    inner join reporting
        on
            expected_units.form_code = reporting.form_code
            and expected_units.period_month = reporting.period_month
            and expected_units.territory_kato = reporting.territory_kato
            and ancestors.ancestor_kato = reporting.unit_kato
),

expected_periods as (
    select distinct
        form_code,
        period_month,
        unit_kato
    from expected_units
),

parts as (
    select
        periods.form_code,
        periods.period_month,
        periods.unit_kato,
        territories.territory_kato as part_kato
    from expected_periods as periods
    inner join territories on periods.unit_kato = territories.parent_kato
    where
        territories.valid_from <= {{ month_end('periods.period_month') }}
        and (
            territories.valid_to is null
            or territories.valid_to >= {{ month_end('periods.period_month') }}
        )
),

covered_from_below as (
    select
        parts.form_code,
        parts.period_month,
        parts.unit_kato,
        count(*) = count(reporting.submission_id) as is_covered
    from parts
    left join reporting
        on
            parts.form_code = reporting.form_code
            and parts.period_month = reporting.period_month
            and parts.part_kato = reporting.unit_kato
            and parts.part_kato = reporting.territory_kato
    group by parts.form_code, parts.period_month, parts.unit_kato
),

covered_itself as (
    select
        form_code,
        period_month,
        territory_kato
    from submissions
    where is_in_force
),

unit_states as (
    select
        expected_units.form_code,
        expected_units.period_month,
        expected_units.territory_kato,
        expected_units.unit_kato,
        expected_units.deadline_at,
        expected_units.is_sent,
        expected_units.is_on_time,
        population.population,
        covered_from_above.unit_kato is not null
        or covered_itself.territory_kato is not null
        or coalesce(covered_from_below.is_covered, false) as is_covered
    from expected_units
    left join covered_from_above
        on
            expected_units.form_code = covered_from_above.form_code
            and expected_units.period_month = covered_from_above.period_month
            and expected_units.territory_kato = covered_from_above.territory_kato
            and expected_units.unit_kato = covered_from_above.unit_kato
    left join covered_from_below
        on
            expected_units.form_code = covered_from_below.form_code
            and expected_units.period_month = covered_from_below.period_month
            and expected_units.unit_kato = covered_from_below.unit_kato
    left join covered_itself
        on
            expected_units.form_code = covered_itself.form_code
            and expected_units.period_month = covered_itself.period_month
            and expected_units.unit_kato = covered_itself.territory_kato
    left join population
        on
            expected_units.unit_kato = population.territory_kato
            and expected_units.period_month = population.period_month
),

final as (
    select
        form_code,
        period_month,
        territory_kato,
        unit_kato,
        deadline_at,
        population,
        is_covered,
        is_sent or is_covered as is_received,
        case
            when is_covered then 'accepted'
            when is_sent then 'not_accepted'
            else 'not_sent'
        end as state,
        is_on_time and is_covered as is_on_time
    from unit_states
)

select * from final
