-- Whether an expected unit of a territory is covered: by its own submission (also by a table that
-- gives only its parts), by a consolidated one from above within that territory, or by the
-- submissions of all its parts.
with expected as (
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
        expected.form_code,
        expected.period_month,
        expected.territory_kato,
        expected.unit_kato
    from expected
    inner join ancestors on expected.unit_kato = ancestors.territory_kato
    inner join reporting
        on
            expected.form_code = reporting.form_code
            and expected.period_month = reporting.period_month
            and expected.territory_kato = reporting.territory_kato
            and ancestors.ancestor_kato = reporting.unit_kato
),

expected_periods as (
    select distinct
        form_code,
        period_month,
        unit_kato
    from expected
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
            or territories.valid_to >= periods.period_month
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

joined as (
    select
        expected.form_code,
        expected.period_month,
        expected.territory_kato,
        expected.unit_kato,
        expected.deadline_at,
        expected.is_sent,
        expected.is_on_time,
        population.population,
        covered_from_above.unit_kato is not null
        or covered_itself.territory_kato is not null
        or coalesce(covered_from_below.is_covered, false) as is_covered
    from expected
    left join covered_from_above
        on
            expected.form_code = covered_from_above.form_code
            and expected.period_month = covered_from_above.period_month
            and expected.territory_kato = covered_from_above.territory_kato
            and expected.unit_kato = covered_from_above.unit_kato
    left join covered_from_below
        on
            expected.form_code = covered_from_below.form_code
            and expected.period_month = covered_from_below.period_month
            and expected.unit_kato = covered_from_below.unit_kato
    left join covered_itself
        on
            expected.form_code = covered_itself.form_code
            and expected.period_month = covered_itself.period_month
            and expected.unit_kato = covered_itself.territory_kato
    left join population
        on
            expected.unit_kato = population.territory_kato
            and expected.period_month = population.period_month
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
        -- Figures also wait for parts that ended within the month; punctuality does not.
        is_on_time and is_covered as is_on_time
    from joined
)

select * from final
