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
    select
        expected.form_code,
        expected.period_month,
        expected.territory_kato,
        expected.unit_kato,
        min(reporting.received_at) as covered_at
    from expected
    inner join ancestors on expected.unit_kato = ancestors.territory_kato
    inner join reporting
        on
            expected.form_code = reporting.form_code
            and expected.period_month = reporting.period_month
            and expected.territory_kato = reporting.territory_kato
            and ancestors.ancestor_kato = reporting.unit_kato
    group by
        expected.form_code,
        expected.period_month,
        expected.territory_kato,
        expected.unit_kato
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
        count(*) as parts,
        count(reporting.submission_id) as parts_reported,
        max(reporting.received_at) as covered_at
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
        territory_kato,
        received_at as covered_at
    from submissions
    where is_in_force
),

sent as (
    select
        form_code,
        period_month,
        territory_kato,
        min(received_at) as first_received_at
    from submissions
    group by form_code, period_month, territory_kato
),

joined as (
    select
        expected.form_code,
        expected.period_month,
        expected.territory_kato,
        expected.unit_kato,
        expected.deadline_at,
        sent.first_received_at,
        population.population,
        coalesce(
            covered_from_above.covered_at,
            covered_itself.covered_at,
            case
                when covered_from_below.parts_reported = covered_from_below.parts
                    then covered_from_below.covered_at
            end
        ) as covered_at
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
    left join sent
        on
            expected.form_code = sent.form_code
            and expected.period_month = sent.period_month
            and expected.unit_kato = sent.territory_kato
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
        first_received_at,
        population,
        covered_at is not null as is_covered,
        coalesce(first_received_at, covered_at) is not null as is_received,
        case
            when covered_at is not null then 'accepted'
            when first_received_at is not null then 'not_accepted'
            else 'not_sent'
        end as state,
        coalesce(
            coalesce(first_received_at, covered_at) <= deadline_at, false
        ) as is_on_time
    from joined
)

select * from final
