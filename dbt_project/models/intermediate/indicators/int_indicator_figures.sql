{{ config(materialized='view') }}

-- One row for every figure that should exist, with its coverage: what nobody reported is a row
-- with a reason, not an absent row.
with coverage as (
    select * from {{ ref('int_coverage') }}
),

indicators as (
    select * from {{ ref('stg_contracts__indicators') }}
),

totals as (
    select * from {{ ref('int_indicator_totals') }}
),

left_out as (
    select * from {{ ref('int_indicator_left_out') }}
),

absences as (
    select * from {{ ref('stg_contracts__indicator_absences') }}
),

bases as (
    select 'month' as basis
    union all
    select 'ytd' as basis
),

territory_figures as (
    select
        indicators.indicator_code,
        coverage.territory_kato,
        coverage.period_month,
        bases.basis,
        indicators.form_code,
        indicators.unit,
        indicators.measure_type,
        indicators.formula_scale,
        coverage.expected_units,
        coverage.received_units,
        coverage.on_time_units,
        coverage.reporting_units,
        coverage.population_expected,
        coverage.shown_from_units,
        coverage.shown_from_population,
        coverage.final_from_units,
        coverage.final_from_population,
        coverage.own_submission_id is not null as is_own_submission,
        coverage.accepted_units >= coverage.expected_units
        and coverage.reporting_units = coalesce(totals.units_told, 0) as is_fully_covered,
        indicators.territory_aggregation != 'none'
        or indicators.formula_scale is not null
        or coverage.own_submission_id is not null as is_summable,
        coalesce(totals.accepted_units, 0) as accepted_units,
        totals.numerator,
        totals.denominator,
        totals.comparable_numerator,
        totals.comparable_denominator,
        totals.prior_numerator,
        totals.prior_denominator,
        totals.comparable_units,
        totals.value_printed,
        totals.span_value,
        totals.span_start,
        totals.span_months,
        totals.submission_id,
        totals.has_warning,
        totals.has_submission_warning,
        totals.is_lost_to_borders,
        totals.received_at_max,
        totals.units_known,
        left_out.left_out_units,
        absences.indicator_code is null as is_in_form,
        coalesce(left_out.is_known_prior, false) as is_left_out_known_prior,
        coalesce(left_out.is_redrawn, false) as is_left_out_redrawn,
        case
            when totals.units_known = totals.units_known_with_population
                then totals.population_known
        end as population_known
    from coverage
    inner join indicators on coverage.form_code = indicators.form_code
    cross join bases
    left join totals
        on
            indicators.indicator_code = totals.indicator_code
            and coverage.territory_kato = totals.territory_kato
            and coverage.period_month = totals.period_month
            and bases.basis = totals.basis
    left join left_out
        on
            indicators.indicator_code = left_out.indicator_code
            and coverage.territory_kato = left_out.territory_kato
            and coverage.period_month = left_out.period_month
            and bases.basis = left_out.basis
    left join absences
        on
            indicators.indicator_code = absences.indicator_code
            and coverage.period_month >= absences.from_month
            and (absences.to_month is null or coverage.period_month <= absences.to_month)
),

figure_values as (
    select
        *,
        case
            when is_summable
                then {{ indicator_value('numerator', 'denominator', 'formula_scale') }}
        end as value,
        {{ indicator_value('comparable_numerator', 'comparable_denominator', 'formula_scale') }}
            as value_comparable,
        {{ indicator_value('prior_numerator', 'prior_denominator', 'formula_scale') }}
            as value_prior_year,
        {{ share('accepted_units', 'expected_units') }} as coverage_share,
        {{ population_share(
            'accepted_units', 'expected_units', 'population_known', 'population_expected'
        ) }} as population_coverage_share
    from territory_figures
),

figure_statuses as (
    select
        *,
        {{ figure_status('value', 'is_summable and is_lost_to_borders') }} as status
    from figure_values
),

final as (
    select
        *,
        status in ('final', 'partial') as is_published,
        case
            when status = 'final' then null
            when status = 'withheld' then 'coverage_below_threshold'
            when status = 'partial' then 'coverage_incomplete'
            when value is null and not is_in_form then 'not_in_form'
            when reporting_units = 0 and received_units > 0 then 'rejected'
            when reporting_units = 0 then 'not_received'
            when not is_summable then 'not_additive'
            when numerator is not null then 'denominator_not_positive'
            when is_lost_to_borders then 'border_change'
            when basis = 'month' and span_months > 1 then 'previous_month_missing'
            when
                basis = 'month'
                and units_known = 0
                and span_start is null
                and received_at_max is not null
                then 'previous_month_missing'
            else 'cell_blank'
        end as status_reason
    from figure_statuses
)

select * from final
